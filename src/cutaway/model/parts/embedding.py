"""From a choice of inputs to the module that embeds them."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from cutaway.config.embedding import (
    EmbeddingConfig,
    FrameEmbeddingConfig,
    NGramsConfig,
    PatchEmbeddingConfig,
    TokenEmbeddingConfig,
)
from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.model.parts.norm import make_norm
from cutaway.model.parts.position import make_added
from cutaway.nn.embeddings import Embedding, FrameEmbedding, PatchEmbedding, TokenEmbedding
from cutaway.nn.ngrams import NGram, NGrams
from cutaway.nn.positions import LearnedGrid


def make_table(c: ModelConfig, vocabulary: int | None) -> nn.Parameter:
    """A vector per token, which embeddings and heads may share.

    Raises:
        UserError: the vocabulary size is not given.
    """
    if vocabulary is None:
        raise UserError("the model's vocabulary is not known without a tokenizer: give model.vocabulary")
    return nn.Parameter(torch.empty(vocabulary, c.token_width))


def make_embedding(c: ModelConfig, e: EmbeddingConfig, table: nn.Parameter | None) -> Embedding:
    """The input embedding; a table is needed for tokens only."""
    embedding: Embedding = _EMBEDDINGS[e.kind](c, e, table)
    return embedding


def _of_tokens(c: ModelConfig, e: TokenEmbeddingConfig, table: nn.Parameter) -> TokenEmbedding:
    first, own = e.projected == "tokens", c.token_width
    summed = c if first else c.model_copy(update={"width": own})
    return TokenEmbedding(
        table,
        scale=math.sqrt(own) if e.scaled else 1.0,
        segments=e.segments,
        positions=make_added(summed),
        norm=make_norm(summed) if e.norm else None,
        ngrams=_ngrams(e.ngrams, table.shape[0], summed.width) if e.ngrams else None,
        projections=(
            nn.Linear(own, c.width, bias=False) if first else None,
            nn.Linear(own, c.width) if e.token_width and not first else None,
        ),
        dropout=c.dropout,
    )


def _ngrams(n: NGramsConfig, vocabulary: int, width: int) -> NGrams:
    own, projected = (width, None) if n.width is None else (n.width, width)
    return NGrams([NGram(length, vocabulary, rows, own, projected) for length, rows in n.tables])


def _of_patches(c: ModelConfig, e: PatchEmbeddingConfig, table: nn.Parameter | None) -> PatchEmbedding:
    channels, height, width = e.shape
    rows, columns = height // e.patch, width // e.patch
    grid = LearnedGrid(rows, columns, c.width, before=int(e.cls)) if c.position.kind == "learned" else None
    norm = make_norm(c) if e.norm else None
    return PatchEmbedding(c.width, e.patch, channels, cls=e.cls, grid=grid, norm=norm, dropout=c.dropout)


def _of_frames(c: ModelConfig, e: FrameEmbeddingConfig, table: nn.Parameter | None) -> FrameEmbedding:
    norm = make_norm(c) if e.norm else None
    return FrameEmbedding(c.width, e.bins, positions=make_added(c), norm=norm, dropout=c.dropout)


_EMBEDDINGS: dict[str, Callable[..., Any]] = {"tokens": _of_tokens, "patches": _of_patches, "frames": _of_frames}
