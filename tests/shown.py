"""Random inputs of any model, whatever it reads: tokens, images, frames or graphs."""

from typing import Any

import torch
from torch import Tensor

from cutaway.config.embedding import EmbeddingConfig, FrameEmbeddingConfig, PatchEmbeddingConfig
from cutaway.config.model import ModelConfig

FARTHEST = 3
"""Edges between nodes at most; some have no path between them."""


def shown(config: ModelConfig, batch: int, length: int, seed: int = 1) -> tuple[Tensor, dict[str, Tensor]]:
    """What a model of such sizes takes: what is read first, and all else by name.

    Args:
        config: of the model.
        batch: how many rows.
        length: of texts, recordings and graphs; images are as large as the model's own.
        seed: of all numbers.
    """
    generator = torch.Generator().manual_seed(seed)
    others = {}
    if config.architecture == "encoder_decoder":
        vocabulary = config.source_vocabulary or config.vocabulary
        read = config.source_embedding or config.embedding
        others["source"] = read_by(read, vocabulary, (batch, length - 1), generator)
    if config.position.kind == "shortest_path":
        others["distances"] = torch.randint(-1, FARTHEST + 1, (batch, length, length), generator=generator)
    return read_by(config.embedding, config.vocabulary, (batch, length), generator), others


def read_by(embedding: EmbeddingConfig, vocabulary: int | None, shape: tuple[int, int], generator: Any) -> Tensor:
    """What such an embedding reads."""
    batch, length = shape
    if isinstance(embedding, PatchEmbeddingConfig):
        sizes = (embedding.channels, embedding.height, embedding.width)
        return torch.randn(batch, *(size or 0 for size in sizes), generator=generator)
    if isinstance(embedding, FrameEmbeddingConfig):
        return torch.randn(batch, length, embedding.bins, generator=generator)
    return torch.randint(vocabulary or 1, shape, generator=generator)
