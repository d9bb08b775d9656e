"""What config.json says of rotary positions, in old spellings and new."""

import math
from typing import Any

import pytest

from cutaway.errors import UserError
from cutaway.hub.families import FAMILIES

SIZES = {
    "vocab_size": 37,
    "max_position_embeddings": 64,
    "hidden_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 50,
    "hidden_act": "silu",
}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}


def position(**said: Any) -> dict[str, Any]:
    """Our choice of positions for these options."""
    read: dict[str, Any] = FAMILIES["llama"].read(SIZES | said, "language_modeling", "config.json")["position"]
    return read


def test_old_and_new_spelling_mean_the_same() -> None:
    new = position(rope_parameters={"rope_theta": 70.0, "rope_type": "llama3", **LLAMA3})
    assert new == position(rope_theta=70.0, rope_scaling={"rope_type": "llama3", **LLAMA3})
    assert new == position(rope_theta=70.0, rope_scaling={"type": "llama3", **LLAMA3})
    assert new["base"] == 70.0
    assert new["scaling"]["trained_context"] == 16


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"rope_scaling": None},
        {"rope_parameters": None},
        {"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 1.0}},
    ],
    ids=str,
)
def test_saying_nothing_leaves_angles_alone(said: dict[str, Any]) -> None:
    assert position(**said) == {"kind": "rotary", "base": 10_000.0, "scaling": {"kind": "none"}}


def test_texts_of_training_are_as_long_as_the_context_if_not_said() -> None:
    scaling = position(rope_scaling={"type": "yarn", "factor": 4.0})["scaling"]
    assert scaling["trained_context"] == 64
    assert scaling["magnitude"] == 0.1 * math.log(4.0) + 1


@pytest.mark.parametrize(
    "scaling",
    [
        {"type": "ntk-by-parts", "factor": 2.0},
        {"rope_type": "longrope", "short_factor": [1.0]},
        {"rope_type": "linear"},
        {"rope_type": "linear", "factor": 2.0, "partial_rotary_factor": 0.5},
        {"rope_type": "yarn", "factor": 2.0, "truncate": False},
    ],
    ids=str,
)
def test_what_we_have_not_is_refused_by_name(scaling: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"rope_scaling=.*cutaway does not have"):
        position(rope_scaling=scaling)


@pytest.mark.parametrize(
    ("scaling", "reason"),
    [
        ({"type": "other", "factor": 2.0}, "the scaling is 'other', and only default, linear, llama3, yarn, dynamic, "),
        ({"rope_type": "longrope", "short_factor": [1.0]}, "longrope needs long_factor"),
        ({"rope_type": "linear"}, "linear needs factor"),
        ({"rope_type": "linear", "factor": 2.0, "partial_rotary_factor": 0.5}, "partial_rotary_factor=0.5 is not"),
    ],
    ids=str,
)
def test_a_refusal_gives_its_reason(scaling: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError, match=f"cutaway does not have: {reason}"):
        position(rope_scaling=scaling)
