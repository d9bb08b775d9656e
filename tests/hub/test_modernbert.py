"""ModernBERT, here and in `transformers`; options of its layers, old and new."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.hub.families.modernbert import MODERNBERT
from cutaway.hub.layer_types import FULL, SLIDING
from hub.families.modernbert import BASES, SCALED, SIZES
from hub.parity import RELATIVE, Case, bring, difference, example
from support import require_module

TASK = "masked_language_modeling"


def understood(**options: Any) -> ModelConfig:
    """Our choices for a file with these options."""
    return ModelConfig.model_validate(MODERNBERT.read(SIZES | options, TASK, "here"))


@torch.no_grad()
def test_a_body_alone_gives_the_mean_of_its_tokens(tmp_path: Path) -> None:
    model, imported = bring(Case("ModernBertConfig", "ModernBertModel", SIZES), tmp_path)
    assert imported.config.task.kind == "sentence_embedding"
    one = example(model)
    assert one.mask is not None
    keep = one.mask[:, :, None]
    mean = (model(**one.theirs).last_hidden_state * keep).sum(dim=1) / keep.sum(dim=1)
    assert difference(imported.model(one.inputs, **one.ours), mean) <= RELATIVE


@pytest.mark.parametrize(
    "options",
    [
        {"global_attn_every_n_layers": 2, "global_rope_theta": 90.0, "local_rope_theta": 20.0},
        {"rope_scaling": {"rope_type": "linear", "factor": 3.0}},
        {"sliding_window": 5},
        {"layer_types": None, "rope_parameters": {FULL: BASES[FULL]}},
        {"layer_types": [SLIDING, FULL, FULL, SLIDING], "global_attn_every_n_layers": 2, "rope_parameters": SCALED},
    ],
    ids=["older", "older scaling", "window", "half", "newer"],
)
def test_options_of_layers_mean_what_they_mean_there(options: dict[str, Any]) -> None:
    theirs = require_module("transformers").ModernBertConfig(**SIZES, **options)
    names = ("layer_types", "rope_parameters", "local_attention")
    assert understood(**options) == understood(**{name: getattr(theirs, name) for name in names})


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([FULL, SLIDING, SLIDING, FULL], {"global_attn_every_n_layers": 3}),
        ([FULL, SLIDING, SLIDING, SLIDING], {"global_attn_every_n_layers": 4}),
        ([FULL, FULL, FULL, FULL], {"global_attn_every_n_layers": 1}),
        ([SLIDING, FULL, SLIDING, FULL], {"layer_types": [SLIDING, FULL, SLIDING, FULL]}),
        ([SLIDING, SLIDING, SLIDING, SLIDING], {"layer_types": [SLIDING, SLIDING, SLIDING, SLIDING]}),
    ],
    ids=str,
)
def test_layers_are_written_as_older_readers_know_them_where_possible(
    kinds: list[str], expected: dict[str, Any]
) -> None:
    config = understood(layer_types=kinds, rope_parameters=BASES)
    written = MODERNBERT.write(config, TASK)
    named = {"layer_types", "global_attn_every_n_layers"} & written.keys()
    assert {name: written[name] for name in named} == expected
    assert "rope_parameters" not in written
    assert MODERNBERT.unheld(config, TASK) == []
    assert MODERNBERT.unheld(understood(layer_types=kinds, rope_parameters=SCALED), TASK) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"layer_types": [FULL, SLIDING]}, "layer_types has 2 entries for 4 layers"),
        ({"layer_types": [*3 * [FULL], "chunked_attention"]}, "chunked_attention is not implemented"),
        ({"rope_parameters": {"rope_theta": 50.0}}, "rope_parameters has to have options for full_attention"),
        ({"rope_parameters": {SLIDING: BASES[SLIDING] | {"partial_rotary_factor": 0.5}}}, "partial_rotary_factor=0.5"),
        ({"head_dim": 8}, "head_dim=8, which cutaway does not implement"),
    ],
    ids=["too few", "unknown", "not by kind", "partial", "head_dim"],
)
def test_options_that_are_not_implemented_are_refused_by_name(options: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=named):
        understood(**options)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"first_norm": True}, "model.first_norm=True"),
        ({"attention": {"out_bias": True}}, "model.attention.out_bias=True"),
        ({"attention": {"window": 3}}, "model.attention.window=3"),
        ({"other_layers": {"position": {"kind": "none"}}}, "model.other_layers"),
        ({"other_layers": {"window": None}}, "model.other_layers"),
    ],
    ids=str,
)
def test_choices_that_the_family_lacks_are_named(changes: dict[str, Any], named: str) -> None:
    choices = MODERNBERT.read(SIZES, TASK, "here")
    for part, changed in changes.items():
        choices[part] = {**choices[part], **changed} if isinstance(changed, dict) else changed
    unheld = MODERNBERT.unheld(ModelConfig.model_validate(choices), TASK)
    assert unheld
    assert any(one.startswith(named) for one in unheld)
