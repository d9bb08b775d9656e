"""SmolLM3, here and in `transformers`."""

from pathlib import Path
from typing import Any

import pytest

from cutaway.config.layers import layer
from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.hub.families import FAMILIES
from hub.families.smollm3 import CASES, FULL, SIZES, SLIDING, WINDOW
from hub.parity import require_same_text
from support import require_module

TASK = "language_modeling"


@pytest.mark.parametrize("case", CASES[:4], ids=str)
def test_it_writes_the_same_with_a_cache(case: Any, tmp_path: Path) -> None:
    require_same_text(case, tmp_path)


def model(**said: Any) -> ModelConfig:
    """Our choices for these options."""
    sizes = {name: value for name, value in SIZES.items() if name != "no_rope_layer_interval"}
    return ModelConfig.model_validate(
        FAMILIES["smollm3"].read({**sizes, "hidden_act": "silu", **said}, TASK, "config.json")
    )


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"num_hidden_layers": 9},
        {"num_hidden_layers": 9, "no_rope_layer_interval": 3},
        {"no_rope_layers": [0, 1, 1]},
        {"no_rope_layers": [0, 1, 1, 0, 0], "no_rope_layer_interval": 2},
        {**WINDOW, "num_hidden_layers": 8},
        {**WINDOW, "no_rope_layers": [1, 0, 1]},
        {**WINDOW, "no_rope_layers": [1, 0, 1], "layer_types": [SLIDING, FULL, SLIDING]},
        {"sliding_window": 6, "no_rope_layers": [1, 0, 1]},
        {"use_sliding_window": True, "no_rope_layers": [1, 0, 1]},
    ],
    ids=str,
)
def test_each_layer_is_as_in_transformers(said: dict[str, Any]) -> None:
    config, theirs = (
        model(**said),
        require_module("transformers").SmolLM3Config(**SIZES | {"no_rope_layer_interval": 4} | said),
    )
    for i, kind in enumerate(theirs.layer_types):
        ours = layer(config, i)
        assert ours.position.kind == ("rotary" if theirs.no_rope_layers[i] else "none")
        assert ours.attention.window == (theirs.sliding_window if kind == SLIDING else None)
        assert getattr(ours.position, "base", 2_000_000.0) == theirs.rope_parameters["rope_theta"]
    assert FAMILIES["smollm3"].unheld(config, TASK) == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"no_rope_layers": [1, 0]}, "no_rope_layers has 2 entries for 3 layers"),
        ({"layer_types": [SLIDING, FULL, FULL]}, "layers have sliding_attention, but use_sliding_window is false"),
        (
            {**WINDOW, "no_rope_layers": [1, 1, 0], "layer_types": [SLIDING, FULL, FULL]},
            "the layers are of 3 kinds, and at most two are implemented",
        ),
    ],
    ids=str,
)
def test_layers_that_cannot_be_are_refused_by_name(said: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError, match=f"cutaway does not have: {reason}"):
        model(**said)


def test_layers_that_rotate_differently_do_not_fit() -> None:
    config = model(no_rope_layers=[1, 1, 1])
    other = {"layers": [1], "position": {"kind": "rotary", "base": 70.0}}
    both = ModelConfig.model_validate(config.model_dump() | {"other_layers": other})
    assert any(one.startswith("model.other_layers") for one in FAMILIES["smollm3"].unheld(both, TASK))
