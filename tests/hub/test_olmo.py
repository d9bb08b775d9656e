"""OLMo 2 and 3, here and in `transformers`."""

from pathlib import Path
from typing import Any

import pytest

from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.hub.families import FAMILIES
from hub.families import olmo2, olmo3
from hub.parity import require_same_text

TASK = "language_modeling"


@pytest.mark.parametrize("case", [olmo2.CASES[0], *olmo3.CASES[:2]], ids=str)
def test_it_writes_the_same_with_a_cache(case: Any, tmp_path: Path) -> None:
    require_same_text(case, tmp_path)


def read(**said: Any) -> ModelConfig:
    """Our choices for these options of OLMo 3."""
    options = {**olmo3.SIZES, "hidden_act": "silu", **said}
    return ModelConfig.model_validate(FAMILIES["olmo3"].read(options, TASK, "config.json"))


def test_an_older_file_scales_the_layers_without_a_window_only() -> None:
    scaled = {"rope_theta": 500_000.0, **olmo3.YARN}
    new = {"rope_parameters": {olmo3.FULL: scaled, olmo3.SLIDING: {"rope_theta": 500_000}}}
    config = read(rope_theta=500_000, rope_scaling=olmo3.YARN)
    assert config == read(**new)
    assert config.position.scaling.kind == "yarn"
    assert config.other_layers.position.scaling.kind == "none"
    assert FAMILIES["olmo3"].write(config, TASK)["rope_scaling"]["rope_type"] == "yarn"


def test_a_base_that_readers_apply_to_other_layers_is_refused() -> None:
    with pytest.raises(UserError, match=r"rope_theta=70.* readers disagree on the layers"):
        read(rope_theta=70.0)
    config = read(**olmo3.NEW)
    written = FAMILIES["olmo3"].write(config, TASK)
    assert {kind: one["rope_theta"] for kind, one in written["rope_parameters"].items()} == {
        olmo3.FULL: 70.0,
        olmo3.SLIDING: 50.0,
    }
    assert FAMILIES["olmo3"].unheld(config, TASK) == []
