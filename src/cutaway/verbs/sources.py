"""What an encoder-decoder reads: texts or images."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from cutaway.config.run import RunConfig
from cutaway.tasks.rows.shown import SHOWN, Kind
from cutaway.tasks.rows.texts import cut
from cutaway.tasks.sequence_to_sequence.task import PairTokenizers
from cutaway.verbs.batching import require_fitting, require_no_empty
from cutaway.verbs.showing import show

LENGTHS_TOGETHER = 8
"""Lengths of texts that are searched together, with one limit for what is written."""


@runtime_checkable
class Sources(Protocol):
    """Sources of one kind."""

    @property
    def kind(self) -> Kind:
        """How many are put together."""

    @property
    def counted(self) -> Counter[str]:
        """How many were cut because they were too long, in words."""

    def read(self, given: Sequence[Any]) -> list[Any]:
        """What a person gives as numbers.

        Raises:
            UserError: a source cannot be read, or is not what the model takes.
        """

    def limit(self, source: Any) -> int:
        """How many tokens may be written from it."""


@dataclass(frozen=True)
class TextSources:
    """Texts.

    Attributes:
        tokenizers: of both sides.
        context: the most tokens that the model was trained to read.
        truncate: whether sources that are longer are cut; else they are refused.
        counted: how many were.
    """

    tokenizers: PairTokenizers
    context: int
    truncate: bool = False
    counted: Counter[str] = field(default_factory=Counter)
    kind = SHOWN["sequence_to_sequence"]

    def read(self, given: Sequence[str]) -> list[list[int]]:
        """Texts as tokens."""
        require_no_empty(given, "cannot be rewritten")
        rows = self.tokenizers.read(given)
        if self.truncate:
            return cut(rows, self.context, self.counted)
        require_fitting(rows, self.context)
        return rows

    def limit(self, source: list[int]) -> int:
        """About twice the tokens of the source, and ten more."""
        return 2 * -(-len(source) // LENGTHS_TOGETHER) * LENGTHS_TOGETHER + 10


@dataclass(frozen=True)
class ImageSources:
    """Images, as paths or as arrays (height, width, channels).

    Attributes:
        config: of the run.
        counted: none is ever cut.
    """

    config: RunConfig
    counted: Counter[str] = field(default_factory=Counter)
    kind = SHOWN["image_captioning"]

    def read(self, given: Sequence[Any]) -> list[np.ndarray]:
        """Images as (channels, height, width)."""
        return show(self.config, None, given, None)

    def limit(self, source: np.ndarray) -> int:
        """As many as the model was trained to write."""
        return self.config.model.context
