"""What published options mean here, and how many numbers a model with them has."""

from typing import Any

import pytest
import torch

from cutaway.config.model import ModelConfig
from cutaway.hub.families import family_of
from cutaway.model.build import build
from support import require_module

HEAD = "lm_head.weight"


def understood(found: dict[str, Any]) -> ModelConfig:
    """Our choices for these options, of a file with a separate head."""
    family = family_of(found["model_type"], "config.json").for_padding(found.get("pad_token_id"))
    task = family.task(found["architectures"][0], "config.json")
    return ModelConfig.model_validate(family.read(family.normalize(found, {HEAD}), task, "config.json"))


def require_choices(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Some of our choices, by dotted name."""
    config = understood(found)
    for path, value in expected.items():
        choice: Any = config
        for name in path.split("."):
            choice = getattr(choice, name)
        assert choice == (pytest.approx(value) if isinstance(value, float) else value), path


def require_as_many_numbers(found: dict[str, Any], unused: int = 0) -> None:
    """As many numbers as in theirs, but for some that no text uses."""
    transformers = require_module("transformers")
    options = {name: value for name, value in found.items() if name not in ("model_type", "architectures")}
    config = transformers.AutoConfig.for_model(found["model_type"], **options)
    with torch.device("meta"):
        ours, theirs = build(understood(found)), transformers.AutoModelForCausalLM.from_config(config)
    assert sum(one.numel() for one in ours.parameters()) + unused == sum(one.numel() for one in theirs.parameters())
