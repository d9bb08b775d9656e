"""Gemma 2 and 3, here and in `transformers`."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.config.layers import layer
from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.hub.families import FAMILIES
from cutaway.nn.norms import RMSNorm, ZeroCentredRMSNorm
from hub.families import gemma2, gemma3_text
from hub.families.gemma3_text import FULL, SLIDING
from hub.parity import require_same_text
from support import require_module

TASK = "language_modeling"
LINEAR = {"rope_type": "linear", "factor": 8.0}


@pytest.mark.parametrize("case", [*gemma2.CASES[:2], *gemma3_text.CASES[:3]], ids=str)
def test_it_writes_the_same_with_a_cache(case: Any, tmp_path: Path) -> None:
    require_same_text(case, tmp_path)


def gemma3(**said: Any) -> ModelConfig:
    """Our choices for these options of Gemma 3."""
    return ModelConfig.model_validate(FAMILIES["gemma3_text"].read(gemma3_text.SIZES | said, TASK, "config.json"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {}),
        (
            {"rope_theta": 70.0, "rope_local_base_freq": 50.0, "rope_scaling": LINEAR},
            {"rope_parameters": {FULL: {"rope_theta": 70.0, **LINEAR}, SLIDING: {"rope_theta": 50.0}}},
        ),
        (
            {"rope_theta": 70.0, "rope_scaling": None},
            {"rope_parameters": {FULL: {"rope_theta": 70.0, "rope_type": "default"}, SLIDING: None}},
        ),
        ({"rope_local_base_freq": 50.0}, {"rope_parameters": {SLIDING: {"rope_theta": 50.0}}}),
        ({"sliding_window_pattern": 2}, {"layer_types": [SLIDING, FULL, SLIDING]}),
        ({"sliding_window_pattern": 2, "layer_types": [SLIDING, SLIDING, FULL]}, {}),
    ],
    ids=str,
)
def test_old_and_new_spelling_mean_the_same_as_in_transformers(old: dict[str, Any], new: dict[str, Any]) -> None:
    config = gemma3(**old)
    assert config == gemma3(**new)
    theirs = require_module("transformers").Gemma3TextConfig(**gemma3_text.SIZES | old)
    for i, kind in enumerate(theirs.layer_types):
        ours, options = layer(config, i), theirs.rope_parameters[kind]
        assert ours.attention.window == (theirs.sliding_window if kind == SLIDING else None)
        assert ours.position.kind == "rotary"
        assert ours.position.base == options["rope_theta"]
        assert getattr(ours.position.scaling, "factor", None) == options.get("factor")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gemma2", {"use_bidirectional_attention": True}),
        ("gemma3_text", {"use_bidirectional_attention": True}),
        ("gemma3_text", {"attn_logit_softcapping": 50.0}),
        ("gemma3_text", {"rope_parameters": {"rope_type": "default", "rope_theta": 70.0}}),
        ("gemma3_text", {"rope_parameters": {FULL: {"rope_type": "proportional"}}}),
        ("gemma2", {"sliding_window": None}),
        ("gemma2", {"layer_types": ["chunked_attention"] * 3}),
    ],
    ids=str,
)
def test_what_is_not_implemented_is_refused_by_name(name: str, said: dict[str, Any]) -> None:
    sizes = {"gemma2": gemma2.SIZES, "gemma3_text": gemma3_text.SIZES}[name]
    FAMILIES[name].read(sizes, TASK, "config.json")
    with pytest.raises(UserError, match=f"asks for .*{next(iter(said))}="):
        FAMILIES[name].read(sizes | said, TASK, "config.json")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"attention": {"scale": 0.3}}, "model.attention.scale=0.3"),
        ({"other_layers": {"position": {"kind": "none"}}}, "model.other_layers"),
        ({"position": {"rotary_width": 4}}, "model.position.rotary_width=4"),
        ({"norm": {"zero_centred": False}}, "model.norm.zero_centred=False"),
        ({"residual": "pre"}, "model.residual=pre"),
    ],
    ids=str,
)
def test_a_model_that_does_not_fit_is_told_why(changes: dict[str, Any], named: str) -> None:
    choices = gemma3(sliding_window_pattern=2).model_dump()
    for name, change in changes.items():
        choices[name] = {**choices[name], **change} if isinstance(change, dict) else change
    found = FAMILIES["gemma3_text"].unheld(ModelConfig.model_validate(choices), TASK)
    assert any(one.startswith(named) for one in found), found


def test_a_scale_that_is_left_out_is_that_of_the_head_s_width() -> None:
    config = gemma3(query_pre_attn_scalar=14)
    usual = config.model_copy(update={"attention": config.attention.model_copy(update={"scale": None})})
    assert FAMILIES["gemma3_text"].write(usual, TASK)["query_pre_attn_scalar"] == 14
    assert FAMILIES["gemma3_text"].unheld(usual, TASK) == []


@pytest.mark.parametrize(("period", "types"), [(3, None), (2, [SLIDING, FULL, SLIDING]), (None, [FULL, FULL, SLIDING])])
def test_the_period_is_written_for_readers_without_layer_types(period: int | None, types: list[str] | None) -> None:
    written = FAMILIES["gemma3_text"].write(gemma3(layer_types=types), TASK)
    assert written.get("sliding_window_pattern") == period


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32], ids=str)
@pytest.mark.parametrize("name", ["Gemma2", "Llama"])
def test_norms_round_as_theirs_in_every_dtype(name: str, dtype: torch.dtype) -> None:
    require_module("transformers")
    from transformers.models.gemma2.modeling_gemma2 import Gemma2RMSNorm
    from transformers.models.llama.modeling_llama import LlamaRMSNorm

    ours, theirs = {
        "Gemma2": (ZeroCentredRMSNorm(40, epsilon=1e-3), Gemma2RMSNorm(40, eps=1e-3)),
        "Llama": (RMSNorm(40, epsilon=1e-3), LlamaRMSNorm(40, eps=1e-3)),
    }[name]
    weight = torch.randn(40, generator=torch.Generator().manual_seed(1)).to(dtype)
    ours.weight.data, theirs.weight.data = weight, weight
    x = (3 * torch.randn(7, 11, 40, generator=torch.Generator().manual_seed(0))).to(dtype)
    assert torch.equal(ours(x), theirs(x))
    assert ours(x).dtype == dtype
