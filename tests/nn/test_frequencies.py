"""Angles of longer texts: the same as those of `transformers`, and each rule's own limits."""

import math
from typing import Any

import pytest
import torch

from cutaway.nn.frequencies import Scaling, frequencies, linear, llama3, unscaled, yarn
from support import require_module

POSITIONS = torch.arange(5)[None]
BASE, WIDTH, CONTEXT, FACTOR = 500.0, 24, 96, 7.0
SCALINGS: dict[str, tuple[Scaling, dict[str, Any]]] = {
    "linear": (linear(FACTOR), {"rope_type": "linear", "factor": FACTOR}),
    "llama3": (
        llama3(FACTOR, 1.5, 5.0, CONTEXT),
        {
            "rope_type": "llama3",
            "factor": FACTOR,
            "low_freq_factor": 1.5,
            "high_freq_factor": 5.0,
            "original_max_position_embeddings": CONTEXT,
        },
    ),
    "yarn": (
        yarn(FACTOR, 0.7, 9.0, BASE, CONTEXT),
        {
            "rope_type": "yarn",
            "factor": FACTOR,
            "beta_slow": 0.7,
            "beta_fast": 9.0,
            "original_max_position_embeddings": CONTEXT,
        },
    ),
}


def angles() -> torch.Tensor:
    return frequencies(WIDTH, BASE, torch.device("cpu"))


@pytest.mark.parametrize("kind", SCALINGS)
def test_the_angles_are_those_of_transformers(kind: str) -> None:
    transformers = require_module("transformers")
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    scaling, parameters = SCALINGS[kind]
    config = transformers.LlamaConfig(
        hidden_size=3 * WIDTH, num_attention_heads=3, rope_parameters={"rope_theta": BASE, **parameters}
    )
    theirs, _ = ROPE_INIT_FUNCTIONS[kind](config, torch.device("cpu"))
    assert torch.equal(scaling(angles(), POSITIONS), theirs)
    assert not torch.equal(scaling(angles(), POSITIONS), angles())


@pytest.mark.parametrize("width", [24, 64, 128])
@pytest.mark.parametrize("base", [500.0, 10_000.0, 1_000_000.0])
@pytest.mark.parametrize("kind", ["default", *SCALINGS])
def test_the_angles_are_those_of_transformers_to_the_last_bit(kind: str, base: float, width: int) -> None:
    transformers = require_module("transformers")
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    scaling = unscaled if kind == "default" else SCALINGS[kind][0]
    parameters = {"rope_type": "default"} if kind == "default" else SCALINGS[kind][1]
    if kind == "yarn":
        scaling = yarn(FACTOR, 0.7, 9.0, base, CONTEXT)
    config = transformers.LlamaConfig(
        hidden_size=3 * width, num_attention_heads=3, rope_parameters={"rope_theta": base, **parameters}
    )
    theirs = LlamaRotaryEmbedding(config).inv_freq
    assert torch.equal(scaling(frequencies(width, base, torch.device("cpu")), POSITIONS), theirs)


@pytest.mark.parametrize("kind", ["llama3", "yarn"])
def test_fast_angles_are_kept_and_slow_ones_divided(kind: str) -> None:
    scaled = SCALINGS[kind][0](angles(), POSITIONS)
    turns = CONTEXT * angles() / (2 * math.pi)
    assert turns[0] > 9
    assert turns[-1] < 0.7
    torch.testing.assert_close(scaled[0], angles()[0])
    torch.testing.assert_close(scaled[-1], angles()[-1] / FACTOR)
    assert (scaled.diff() < 0).all(), "the order of the angles stays"


def test_unscaled_angles_stay() -> None:
    assert torch.equal(unscaled(angles(), POSITIONS), angles())
