"""From a choice of head to its module."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from cutaway.config.head import EmbeddingHeadConfig, LanguageHeadConfig, SequenceHeadConfig, TokenHeadConfig
from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.model.heads import POOLINGS, EmbeddingHead, Head, LanguageHead, SequenceHead, TokenHead, Transform
from cutaway.model.parts.norm import make_norm
from cutaway.nn.feedforward import ACTIVATIONS


def make_head(c: ModelConfig, table: nn.Parameter | None) -> Head:
    """The head; a table is needed for language heads only."""
    head: Head = _HEADS[c.head.kind](c, c.head, table)
    return head


def _language_head(c: ModelConfig, h: LanguageHeadConfig, table: nn.Parameter) -> LanguageHead:
    matrix = table if h.tied else nn.Parameter(torch.empty_like(table))
    return LanguageHead(matrix, bias=h.bias, scale=h.scale, softcap=h.softcap, transform=_to_tokens(c, h))


def _sequence_head(c: ModelConfig, h: SequenceHeadConfig, table: nn.Parameter | None) -> SequenceHead:
    dense = nn.Linear(c.width, c.width) if h.hidden else None
    pool, activation = POOLINGS[h.pooling], ACTIVATIONS[h.activation]
    return SequenceHead(
        c.width,
        _labels(h),
        pool,
        dense=dense,
        activation=activation,
        transform=_transform(c, h),
        bias=h.bias,
        dropout=c.dropout,
    )


def _token_head(c: ModelConfig, h: TokenHeadConfig, table: nn.Parameter | None) -> TokenHead:
    return TokenHead(c.width, _labels(h), transform=_transform(c, h), dropout=c.dropout)


def _embedding_head(c: ModelConfig, h: EmbeddingHeadConfig, table: nn.Parameter | None) -> EmbeddingHead:
    dense = nn.Linear(c.width, c.width) if h.hidden else None
    return EmbeddingHead(POOLINGS[h.pooling], dense=dense, normalised=h.normalised)


def _to_tokens(c: ModelConfig, h: LanguageHeadConfig) -> nn.Module | None:
    """From hidden states to vectors as wide as those of tokens."""
    if h.transform is None and c.token_width != c.width:
        return nn.Linear(c.width, c.token_width, bias=False)
    return _transform(c, h, c.token_width)


def _transform(
    c: ModelConfig, h: LanguageHeadConfig | SequenceHeadConfig | TokenHeadConfig, width: int | None = None
) -> Transform | None:
    if h.transform is None:
        return None
    norm = make_norm(c, width)
    return Transform(c.width, ACTIVATIONS[h.transform], norm, out_width=width, bias=h.transform_bias)


def _labels(h: SequenceHeadConfig | TokenHeadConfig) -> int:
    if h.labels is None:
        raise UserError("the number of labels is not known without data: give model.head.labels")
    return h.labels


_HEADS: dict[str, Callable[..., Any]] = {
    "language": _language_head,
    "sequence": _sequence_head,
    "token": _token_head,
    "embedding": _embedding_head,
}
