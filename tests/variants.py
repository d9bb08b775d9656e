"""Small models of every kind, with sizes that are pairwise different and weights that hide nothing."""

import itertools
from collections.abc import Iterator
from typing import Any

import torch

from cutaway.config.model import ModelConfig
from cutaway.model.build import build
from cutaway.model.transformer import DecoderOnly

BATCH, TOKENS, VOCABULARY, WIDTH, HEADS, HEAD_WIDTH, HIDDEN, LAYERS = 3, 13, 37, 20, 6, 8, 44, 2

POSITIONS = ("none", "sinusoidal", "learned", "rotary", "alibi", "relative")
NORMS = ("layer", "rms")
GROUPS = (6, 3, 1)
RESIDUALS = ("pre", "post", "sandwich", "parallel")


def variant(**choices: Any) -> DecoderOnly:
    """A model of this kind. Every weight is random, norms and biases too, so that none can be left out unnoticed."""
    attention = {"heads": HEADS, "head_width": HEAD_WIDTH, "bias": True, "out_bias": True}
    config = {
        "vocabulary": VOCABULARY,
        "context": 31,
        "width": WIDTH,
        "layers": LAYERS,
        "feedforward": {"kind": "dense", "hidden": HIDDEN},
        **choices,
        "attention": attention | choices.get("attention", {}),
    }
    model = build(ModelConfig.model_validate(config))
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel()))
    return model


def matrix() -> Iterator[dict[str, Any]]:
    """Every position scheme with every norm and grouping, and each other choice at least once."""
    for position, norm, groups in itertools.product(POSITIONS, NORMS, GROUPS):
        yield {"position": position, "norm": norm, "attention": {"kv_heads": groups}}
    for residual, position in itertools.product(RESIDUALS, POSITIONS):
        yield {"residual": residual, "position": position}
    yield {"attention": {"softcap": 2.0}}
    yield {"attention": {"softcap": 2.0, "kv_heads": 2}, "position": "alibi"}
    yield {"attention": {"qk_norm": True, "bias": False, "out_bias": False}, "position": "rotary"}
    yield {"attention": {"window": 4}, "position": "rotary"}
    yield {"attention": {"window": 4, "kv_heads": 2}, "position": "relative"}
    yield {"feedforward": {"kind": "gated", "hidden": HIDDEN}}
    yield {"feedforward": {"kind": "gated", "hidden": HIDDEN, "activation": "gelu", "bias": True}}
    yield {"feedforward": {"kind": "dense", "hidden": HIDDEN, "activation": "squared_relu", "bias": False}}
    yield {"head": {"tied": False, "bias": True, "softcap": 3.0}, "embedding": {"scaled": True, "norm": True}}


def name(choices: dict[str, Any]) -> str:
    """A readable test id."""
    return ",".join(
        f"{key}={'+'.join(f'{k}:{v}' for k, v in value.items()) if isinstance(value, dict) else value}"
        for key, value in choices.items()
    )


def tokens(batch: int = BATCH, length: int = TOKENS, seed: int = 1) -> torch.Tensor:
    """Random ids."""
    return torch.randint(VOCABULARY, (batch, length), generator=torch.Generator().manual_seed(seed))
