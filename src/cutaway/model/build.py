"""From a model's config to the model: the only file that reads one. Each choice is a table from kind to constructor."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from cutaway.config.head import LanguageHeadConfig, SequenceHeadConfig, TokenHeadConfig
from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.model.block import Block, ParallelBlock
from cutaway.model.heads import POOLINGS, LanguageHead, SequenceHead, TokenHead, Transform
from cutaway.model.init import initialise
from cutaway.model.stack import Sight, Stack
from cutaway.model.transformer import DecoderOnly, EncoderDecoder, EncoderOnly, Transformer
from cutaway.nn.attend import Scoring
from cutaway.nn.attention import Attention, Heads
from cutaway.nn.embeddings import TokenEmbedding
from cutaway.nn.feedforward import ACTIVATIONS, Dense, Gated
from cutaway.nn.norms import LayerNorm, RMSNorm
from cutaway.nn.positions import ALiBi, Learned, RelativeBias, Rotary, Sinusoidal
from cutaway.nn.residual import PostNorm, PreNorm, Sandwich

Make = Callable[..., Any]


def build(config: ModelConfig, *, seed: int = 0) -> Transformer:
    """Builds a model with fresh weights, which depend on the seed alone. Torch's own random state is left as it was.

    Inside ``with torch.device("meta")`` nothing is allocated: for counting.

    Raises:
        UserError: the size of the vocabulary or the number of labels is not given.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Transformer = _MODELS[config.architecture](config)
        initialise(model)
    return model


def _decoder_only(c: ModelConfig) -> DecoderOnly:
    table = _table(c, c.vocabulary)
    return DecoderOnly(_stack(c, table, causal=True), _HEADS[c.head.kind](c, c.head, table))


def _encoder_only(c: ModelConfig) -> EncoderOnly:
    table = _table(c, c.vocabulary)
    return EncoderOnly(_stack(c, table, causal=False), _HEADS[c.head.kind](c, c.head, table))


def _encoder_decoder(c: ModelConfig) -> EncoderDecoder:
    table = _table(c, c.vocabulary)
    source_table = table if c.source_vocabulary is None else _table(c, c.source_vocabulary)
    encoder = _stack(c.model_copy(update={"layers": c.encoder_layers or c.layers}), source_table, causal=False)
    return EncoderDecoder(encoder, _stack(c, table, causal=True, across=True), _HEADS[c.head.kind](c, c.head, table))


def _table(c: ModelConfig, vocabulary: int | None) -> nn.Parameter:
    """A vector for each token, which embeddings and heads may share."""
    if vocabulary is None:
        raise UserError("the model's vocabulary is not known without a tokenizer: give model.vocabulary")
    return nn.Parameter(torch.empty(vocabulary, c.width))


def _stack(c: ModelConfig, table: nn.Parameter, *, causal: bool, across: bool = False) -> Stack:
    kind = c.position.kind
    return Stack(
        _embedding(c, table),
        [_BLOCKS[c.residual](c, across) for _ in range(c.layers)],
        _norm(c) if c.final_norm else nn.Identity(),
        Sight(causal=causal, window=c.attention.window, limit=c.context if kind == "learned" else None),
        rotary=_ROTARY[kind](c) if kind in _ROTARY else None,
        biases=_BIASES[kind](c, causal) if kind in _BIASES else None,
    )


def _embedding(c: ModelConfig, table: nn.Parameter) -> TokenEmbedding:
    return TokenEmbedding(
        table,
        scale=math.sqrt(c.width) if c.embedding.scaled else 1.0,
        segments=c.embedding.segments,
        positions=_ADDED[c.position.kind](c) if c.position.kind in _ADDED else None,
        norm=_norm(c) if c.embedding.norm else None,
        dropout=c.dropout,
    )


def _language_head(c: ModelConfig, h: LanguageHeadConfig, table: nn.Parameter) -> LanguageHead:
    weight = table if h.tied else nn.Parameter(torch.empty_like(table))
    transform = Transform(c.width, ACTIVATIONS[h.transform], _norm(c)) if h.transform else None
    return LanguageHead(weight, bias=h.bias, softcap=h.softcap, transform=transform)


def _sequence_head(c: ModelConfig, h: SequenceHeadConfig, table: nn.Parameter) -> SequenceHead:
    return SequenceHead(c.width, _labels(h), POOLINGS[h.pooling], hidden=h.hidden, dropout=c.dropout)


def _token_head(c: ModelConfig, h: TokenHeadConfig, table: nn.Parameter) -> TokenHead:
    return TokenHead(c.width, _labels(h), dropout=c.dropout)


def _labels(h: SequenceHeadConfig | TokenHeadConfig) -> int:
    if h.labels is None:
        raise UserError("the number of labels is not known without data: give model.head.labels")
    return h.labels


def _attention(c: ModelConfig, *, across: bool = False) -> Attention:
    a = c.attention
    width = _head_width(c)
    return Attention(
        c.width,
        Heads(a.heads, a.kv_heads or a.heads, width),
        Scoring(scale=width**-0.5, softcap=a.softcap),
        bias=a.bias,
        out_bias=a.out_bias,
        norms=(_norm(c, width), _norm(c, width)) if a.qk_norm else None,
        rotary=c.position.kind in _ROTARY and not across,
        dropout=a.dropout,
    )


def _block(residual: Make) -> Make:
    """A block whose sublayers each have a residual connection of this kind."""

    def make(c: ModelConfig, across: bool) -> Block:
        return Block(
            _attention(c),
            _feedforward(c),
            residual(c),
            residual(c),
            cross_attention=_attention(c, across=True) if across else None,
            cross_attention_residual=residual(c) if across else None,
        )

    return make


def _parallel_block(c: ModelConfig, across: bool) -> ParallelBlock:
    cross_attention = _attention(c, across=True) if across else None
    return ParallelBlock(_attention(c), _feedforward(c), _norm(c), cross_attention=cross_attention, dropout=c.dropout)


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
    "alibi": lambda c, causal: ALiBi(c.attention.heads),
    "relative": lambda c, causal: RelativeBias(
        c.attention.heads, buckets=c.position.buckets, distance=c.position.distance, bidirectional=not causal
    ),
}
_BLOCKS: dict[str, Make] = {
    "pre": _block(_pre),
    "post": _block(_post),
    "sandwich": _block(_sandwich),
    "parallel": _parallel_block,
}
_HEADS: dict[str, Make] = {
    "language": _language_head,
    "sequence": _sequence_head,
    "token": _token_head,
}
_MODELS: dict[str, Make] = {
    "decoder": _decoder_only,
    "encoder": _encoder_only,
    "encoder_decoder": _encoder_decoder,
}
