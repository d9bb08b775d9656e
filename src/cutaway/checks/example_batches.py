"""Random examples of a model's inputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import torch
from torch import Generator, Tensor

from cutaway.checks.batch import Batch
from cutaway.config.model import ModelConfig
from cutaway.text.special import Role
from cutaway.text.tokenizer import Tokenizer

TARGET, SOURCE = "tokenizer", "source_tokenizer"
"""Names of a model's tokenizers: its own, and that of a source with another one."""

Draw = Callable[[int, Generator], Tensor]
"""Draws one row of a length, if the inputs have a length."""


def make_examples(
    config: ModelConfig, tokenizers: Mapping[str, Tokenizer], lengths: Sequence[int], seed: int
) -> list[Batch]:
    """Examples of one row each, of these lengths; their sources have the same lengths in reverse.

    Texts have no special tokens: some libraries treat a padding token as padding wherever it is.
    """
    generator = torch.Generator().manual_seed(seed)
    draw = _drawing(config.embedding, _ordinary(config.vocabulary, tokenizers.get(TARGET)))
    draw_source = None
    if config.architecture == "encoder_decoder":
        shares = config.source_vocabulary is None
        vocabulary, name = (config.vocabulary, TARGET) if shares else (config.source_vocabulary, SOURCE)
        read = config.source_embedding or config.embedding
        draw_source = _drawing(read, _ordinary(vocabulary, tokenizers.get(name)))
    return [
        Batch(
            draw(length, generator),
            segments=_segments(config, length, generator),
            distances=_distances(config, length, generator),
            source=None if draw_source is None else draw_source(source_length, generator),
        )
        for length, source_length in zip(lengths, reversed(lengths), strict=True)
    ]


def _ordinary(vocabulary: int | None, tokenizer: Tokenizer | None) -> Tensor:
    """The ids of ordinary tokens."""
    special = {getattr(tokenizer, role, None) for role in get_args(Role)}
    return torch.tensor([token for token in range(vocabulary or 0) if token not in special])


def _segments(config: ModelConfig, length: int, generator: Generator) -> Tensor | None:
    return torch.randint(config.segments, (1, length), generator=generator) if config.segments else None


def _distances(config: ModelConfig, length: int, generator: Generator) -> Tensor | None:
    """Random path lengths between nodes; −1 if unconnected."""
    position = config.position
    if position.kind != "shortest_path":
        return None
    return torch.randint(-1, position.max_distance + 1, (1, length, length), generator=generator)


def _drawing(read: Any, tokens: Tensor) -> Draw:
    return _DRAWINGS[read.kind](read, tokens)


_DRAWINGS: dict[str, Callable[[Any, Tensor], Draw]] = {
    "tokens": lambda read, tokens: lambda length, g: tokens[torch.randint(len(tokens), (1, length), generator=g)],
    "patches": lambda read, tokens: (
        lambda length, g: torch.randn(1, read.channels, read.height, read.width, generator=g)
    ),
    "frames": lambda read, tokens: lambda length, g: torch.randn(1, length, read.bins, generator=g),
}
