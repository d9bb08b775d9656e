"""Small models of every kind, with sizes that are pairwise different and weights that hide nothing."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import torch

from cutaway.config.model import ModelConfig
from cutaway.model.build import build
from cutaway.model.transformer import Hidden, Transformer
from pairwise import pairwise

BATCH, TOKENS, VOCABULARY, WIDTH, HEADS, HEAD_WIDTH, HIDDEN, LAYERS = 3, 13, 37, 20, 6, 8, 44, 2
SOURCE_TOKENS = 11

POSITIONS = ("none", "sinusoidal", "learned", "rotary", "alibi", "relative")
NORMS = ("layer", "rms")
GROUPS = (6, 3, 1)
RESIDUALS = ("pre", "post", "sandwich", "res_post", "parallel", "parallel_norms")


GATED = {"kind": "gated", "hidden": HIDDEN}
EXPERTS = {"kind": "experts", "experts": 10, "experts_per_token": 4, "shared": 2, "hidden": 7}
IN_GROUPS = {"groups": 5, "groups_per_token": 3, "scale": 2.5}
LLAMA3 = {"kind": "llama3", "factor": 3.0, "trained_context": 9}
YARN = {"kind": "yarn", "factor": 3.0, "trained_context": 9, "magnitude": 1.3}
CENTRED = {"kind": "rms", "zero_centred": True}
NGRAMS = {"lengths": [2, 4, 3], "rows": [1400, 53, 47]}
"""One exact table and two that are hashed."""
LATENT = {"kind": "latent", "query_rank": 16, "latent_rank": 10, "rotary_width": 4, "value_width": 9}

SMALLER = {"deepseek-v3": ["model.layers=4", "model.feedforward.experts=16"]}
"""Presets of which those layers and experts are built that differ: they have many more of the same."""


def config_of(**choices: Any) -> ModelConfig:
    """The choices of a small model, these among them."""
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
    return ModelConfig.model_validate(config)


def variant(**choices: Any) -> Transformer:
    """A model of this kind. Every weight is random, norms and biases too, so that none can be left out unnoticed."""
    model = build(config_of(**choices))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=generator)
    return model


CORE = {
    "position": POSITIONS,
    "attention": [*({"kv_heads": groups} for groups in GROUPS), LATENT],
    "residual": RESIDUALS,
    "norm": NORMS,
}
"""What every decoder chooses. Any two of these choices meet in some variant."""


def matrix() -> Iterator[dict[str, Any]]:
    """Decoders: the core choices pairwise, and each other choice at least once."""
    yield from pairwise(CORE)
    yield from _others()


def matrix_in(settings: Iterable[str]) -> Iterator[tuple[dict[str, Any], str]]:
    """Decoders, each in a setting: core choices and settings pairwise, and each other choice in every setting."""
    for choices in pairwise({**CORE, "setting": list(settings)}):
        setting = choices.pop("setting")
        yield choices, setting
    yield from itertools.product(_others(), settings)


def _others() -> Iterator[dict[str, Any]]:
    """Each choice that is not among the core ones, at least once."""
    yield {"attention": {"softcap": 2.0}}
    yield {"attention": {"softcap": 2.0, "kv_heads": 2}, "position": "alibi"}
    yield {"attention": {"qk_norm": True, "bias": False, "out_bias": False}, "position": "rotary"}
    yield {"attention": {"window": 4, "scale": 0.7}, "position": {"kind": "rotary", "scaling": LLAMA3}}
    yield {"attention": {"window": 4, "kv_heads": 2}, "position": "relative"}
    yield from _latent_others()
    yield from _other_layers()
    yield {"feedforward": EXPERTS | IN_GROUPS, "attention": LATENT, "position": "rotary", "norm": "rms"}
    yield {"feedforward": EXPERTS | {"gate": "softmax", "normalised": False, "balance": "loss"}, "residual": "parallel"}
    yield {"feedforward": EXPERTS | {"shared": 0, "balance": "none"}, "first_layers": {"feedforward": GATED}}
    yield {"feedforward": GATED, "embedding": {"token_width": 14, "projected": "tokens", "scaled": True}}
    yield {"embedding": {"ngrams": NGRAMS, "norm": True}, "position": "rotary"}
    yield {"embedding": {"ngrams": NGRAMS | {"width": 11}, "scaled": True, "token_width": 14, "projected": "tokens"}}
    yield {"feedforward": GATED | {"activation": "gelu", "bias": True}}
    yield {"feedforward": {"kind": "dense", "hidden": HIDDEN, "activation": "squared_relu", "bias": False}}
    yield {"head": {"tied": False, "bias": True, "softcap": 3.0}, "embedding": {"scaled": True, "norm": True}}


def _other_layers() -> Iterator[dict[str, Any]]:
    """Each way in which layers may differ, and what else the rotation of some channels may be."""
    first = {"layers": [0]}
    partly = {"kind": "rotary", "rotary_width": 6}
    yield {"other_layers": first | {"window": 4}, "position": "alibi"}
    yield {"other_layers": first | {"window": 4, "position": {"kind": "rotary", "base": 50.0}}, "position": partly}
    yield {"other_layers": first | {"position": "none"}, "position": "rotary", "attention": {"scale_by_layer": True}}
    yield {"attention": {"qk_norm": True, "qk_norm_joint": True, "kv_heads": 2}, "norm": CENTRED, "position": partly}


def _latent_others() -> Iterator[dict[str, Any]]:
    """Each of latent attention's own choices."""
    plain = {"query_rank": None, "bias": False, "out_bias": False}
    yield {"attention": LATENT | plain, "position": "rotary"}
    yield {"attention": LATENT | {"window": 4}, "position": {"kind": "rotary", "scaling": YARN}, "norm": "rms"}
    yield {"attention": {"kind": "latent", "softcap": 2.0}, "position": "rotary", "norm": "rms"}


def encoder_matrix() -> Iterator[dict[str, Any]]:
    """Encoders: each choice at least once."""
    yield from _sparse_matrix("encoder")
    transform = {"transform": "gelu", "bias": True}
    yield {"architecture": "encoder", "embedding": {"segments": 3, "norm": True}, "head": transform}
    plain = transform | {"transform_bias": False}
    yield {
        "architecture": "encoder",
        "embedding": {"norm": True, "token_width": 14},
        "first_norm": False,
        "head": plain,
    }


def encoder_decoder_matrix() -> Iterator[dict[str, Any]]:
    """Encoders with decoders: each choice at least once."""
    yield from _sparse_matrix("encoder_decoder")
    yield {"architecture": "encoder_decoder", "encoder_heads": 4, "encoder_hidden": 28, "position": "relative"}
    yield {"architecture": "encoder_decoder", "encoder_layers": 3, "source_vocabulary": 41, "position": "sinusoidal"}
    waves = {"kind": "sinusoidal", "layout": "halves", "inclusive": True, "offset": 2}
    yield {"architecture": "encoder_decoder", "position": waves, "embedding": {"scaled": True}}


def _sparse_matrix(architecture: str) -> Iterator[dict[str, Any]]:
    """Every position scheme with half of the residual orders, norms and groupings in turn, then what is left."""
    for i, position in enumerate(POSITIONS):
        for j in (0, 1):
            yield {
                "architecture": architecture,
                "position": position,
                "residual": RESIDUALS[(i + 2 * j) % len(RESIDUALS)],
                "norm": NORMS[(i // 2 + j) % len(NORMS)],
                "attention": {"kv_heads": GROUPS[(i + j) % len(GROUPS)]},
            }
    yield {"architecture": architecture, "attention": {"softcap": 2.0, "kv_heads": 2}, "position": "alibi"}
    yield {"architecture": architecture, "attention": {"qk_norm": True, "bias": False}, "position": "rotary"}
    yield {"architecture": architecture, "attention": {"window": 4}, "position": "relative", "feedforward": GATED}
    yield {"architecture": architecture, "embedding": {"ngrams": NGRAMS}}
    embedding = {"scaled": True, "norm": True, "token_width": 28}
    yield {"architecture": architecture, "embedding": embedding, "final_norm": False}
    yield {"architecture": architecture, "feedforward": EXPERTS | IN_GROUPS, "position": "relative"}
    yield {"architecture": architecture, "feedforward": EXPERTS | {"gate": "softmax", "balance": "loss"}}
    yield {"architecture": architecture, "attention": LATENT, "position": "rotary", "norm": "rms"}
    yield {"architecture": architecture, "attention": LATENT | {"window": 4}, "position": "alibi", "residual": "post"}


def name(choices: dict[str, Any] | str) -> str:
    """A readable test id: of choices, or of a setting, which has a name already."""
    if isinstance(choices, str):
        return choices
    return ",".join(
        f"{key}={'+'.join(f'{k}:{v}' for k, v in value.items()) if isinstance(value, dict) else value}"
        for key, value in choices.items()
    )


def hidden(model: Transformer, *arguments: Any, **named: Any) -> Hidden:
    """What the head of a model reads, of a call with these arguments."""
    return model(*arguments, **named, read=lambda head, hidden: hidden)


def tokens(batch: int = BATCH, length: int = TOKENS, seed: int = 1) -> torch.Tensor:
    """Random ids."""
    return torch.randint(VOCABULARY, (batch, length), generator=torch.Generator().manual_seed(seed))
