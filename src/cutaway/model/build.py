"""From a model's config to the model: the only file that reads one. Each choice is a table from kind to constructor."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.model.block import Block, ParallelBlock
from cutaway.model.heads import LanguageHead
from cutaway.model.init import initialise
from cutaway.model.stack import Sight, Stack
from cutaway.model.transformer import Transformer
from cutaway.nn.attend import Scoring
from cutaway.nn.attention import Attention, Heads
from cutaway.nn.embeddings import TokenEmbedding
from cutaway.nn.feedforward import ACTIVATIONS, Dense, Gated
from cutaway.nn.norms import LayerNorm, RMSNorm
from cutaway.nn.positions import ALiBi, Learned, RelativeBias, Rotary, Sinusoidal
from cutaway.nn.residual import PostNorm, PreNorm, Sandwich


def build(config: ModelConfig, *, seed: int = 0) -> Transformer:
    """Builds a model with fresh weights, which depend on the seed alone. Torch's own random state is left as it was.

    Inside ``with torch.device("meta")`` nothing is allocated: for counting.

    Raises:
        UserError: the vocabulary's size is not given.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Transformer(decoder := _stack(config), _head(config, decoder.embed))
        initialise(model)
    return model


def _stack(c: ModelConfig) -> Stack:
    kind = c.position.kind
    return Stack(
        _embedding(c),
        [_BLOCKS[c.residual](c) for _ in range(c.layers)],
        _norm(c) if c.final_norm else nn.Identity(),
        Sight(causal=True, window=c.attention.window, limit=c.context if kind == "learned" else None),
        rotary=_ROTARY[kind](c) if kind in _ROTARY else None,
        biases=_BIASES[kind](c) if kind in _BIASES else None,
    )


def _embedding(c: ModelConfig) -> TokenEmbedding:
    if c.vocabulary is None:
        raise UserError("the model's vocabulary is not known without a tokenizer: give model.vocabulary")
    return TokenEmbedding(
        c.vocabulary,
        c.width,
        scale=math.sqrt(c.width) if c.embedding.scaled else 1.0,
        positions=_ADDED[c.position.kind](c) if c.position.kind in _ADDED else None,
        norm=_norm(c) if c.embedding.norm else None,
        dropout=c.dropout,
    )


def _head(c: ModelConfig, embed: TokenEmbedding) -> LanguageHead:
    weight = embed.weight if c.head.tied else nn.Parameter(torch.empty_like(embed.weight))
    return LanguageHead(weight, bias=c.head.bias, softcap=c.head.softcap)


def _attention(c: ModelConfig) -> Attention:
    a = c.attention
    width = _head_width(c)
    return Attention(
        c.width,
        Heads(a.heads, a.kv_heads or a.heads, width),
        Scoring(scale=width**-0.5, softcap=a.softcap),
        bias=a.bias,
        out_bias=a.out_bias,
        norms=(_norm(c, width), _norm(c, width)) if a.qk_norm else None,
        rotary=c.position.kind in _ROTARY,
        dropout=a.dropout,
    )


def _head_width(c: ModelConfig) -> int:
    return c.attention.head_width or c.width // c.attention.heads


def _norm(c: ModelConfig, width: int | None = None) -> nn.Module:
    return _NORMS[c.norm.kind](c.norm, width or c.width)


def _feedforward(c: ModelConfig) -> nn.Module:
    return _FEEDFORWARDS[c.feedforward.kind](c, c.feedforward)


def _pre(c: ModelConfig) -> nn.Module:
    return PreNorm(_norm(c), dropout=c.dropout)


def _post(c: ModelConfig) -> nn.Module:
    return PostNorm(_norm(c), dropout=c.dropout)


def _sandwich(c: ModelConfig) -> nn.Module:
    return Sandwich(_norm(c), _norm(c), dropout=c.dropout)


Make = Callable[..., Any]

_NORMS: dict[str, Make] = {
    "layer": lambda n, width: LayerNorm(width, epsilon=n.epsilon, weight=n.weight, bias=n.bias),
    "rms": lambda n, width: RMSNorm(width, epsilon=n.epsilon, weight=n.weight),
}
_FEEDFORWARDS: dict[str, Make] = {
    "dense": lambda c, f: Dense(
        c.width, f.hidden or 4 * c.width, ACTIVATIONS[f.activation], bias=f.bias, dropout=c.dropout
    ),
    "gated": lambda c, f: Gated(
        c.width, f.hidden or 8 * math.ceil(c.width / 3), ACTIVATIONS[f.activation], bias=f.bias, dropout=c.dropout
    ),
}
_ADDED: dict[str, Make] = {
    "sinusoidal": lambda c: Sinusoidal(c.width, base=c.position.base),
    "learned": lambda c: Learned(c.context, c.width),
}
_ROTARY: dict[str, Make] = {
    "rotary": lambda c: Rotary(_head_width(c), base=c.position.base),
}
_BIASES: dict[str, Make] = {
    "alibi": lambda c: ALiBi(c.attention.heads),
    "relative": lambda c: RelativeBias(c.attention.heads, buckets=c.position.buckets, distance=c.position.distance),
}
_BLOCKS: dict[str, Make] = {
    "pre": lambda c: Block(_attention(c), _feedforward(c), _pre(c), _pre(c)),
    "post": lambda c: Block(_attention(c), _feedforward(c), _post(c), _post(c)),
    "sandwich": lambda c: Block(_attention(c), _feedforward(c), _sandwich(c), _sandwich(c)),
    "parallel": lambda c: ParallelBlock(_attention(c), _feedforward(c), _norm(c), dropout=c.dropout),
}
