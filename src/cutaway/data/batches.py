"""Examples of different lengths -> batches of similar lengths, by number: no state to save, and little padding."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Int64

from cutaway.errors import UserError

POOL_BATCHES = 100
"""Batches per pool that is sorted by length: more give less padding, fewer mix better."""

Row = TypeVar("Row")


@dataclass(frozen=True)
class BatchLimit:
    """The largest size of a batch.

    Raises:
        ValueError: there is no limit.
    """

    examples: int | None = None
    tokens: int | None = None
    """Padding included: the number of examples times the longest sequence; an empty example counts as one token."""

    def __post_init__(self) -> None:
        if self.examples is None and self.tokens is None:
            raise ValueError("a batch needs a limit of examples or of tokens")

    def fitting(self, longest: Int64[np.ndarray, " N"]) -> int:
        """The number of examples, given in order of their longest sequences, that make a batch; at least one."""
        most = len(longest) if self.examples is None else self.examples
        if self.tokens is None:
            return min(most, len(longest))
        candidates = longest[: min(most, self.tokens // int(longest[0]))]
        padded = np.arange(1, len(candidates) + 1) * candidates
        return max(int(np.searchsorted(padded, self.tokens, side="right")), 1)


@runtime_checkable
class Indices(Protocol):
    """Batches of indices of examples."""

    def __getitem__(self, index: int) -> Int64[np.ndarray, " n"]:
        """Returns the indices of the examples of a batch."""


class RandomBatches:
    """Endless batches of indices; batch i depends on the seed and on i only, and an epoch contains every example once.

    An epoch shuffles the examples, splits them into pools of about `POOL_BATCHES` batches, sorts each pool by length,
    splits it into batches and shuffles these. An example above the token limit is a batch of its own.

    Args:
        lengths: (N, S), of the sequences of each example.
        limit: of each batch.
        seed: of everything random.

    Raises:
        UserError: there are no examples.
    """

    def __init__(self, lengths: Int64[np.ndarray, "N S"], limit: BatchLimit, seed: int) -> None:
        if not len(lengths):
            raise UserError("there are no examples to make batches of: give more data")
        self._lengths = lengths
        self._limit = limit
        self._seed = seed
        self._pool = POOL_BATCHES * _typical_size(lengths.max(axis=1), limit)
        self._starts = [0]  # the number of each epoch's first batch, as far as computed
        self._epoch: int | None = None
        self._batches: list[Int64[np.ndarray, " n"]] = []
        self._before = [0]  # the number of examples before each batch of that epoch, and their sum

    def __getitem__(self, index: int) -> Int64[np.ndarray, " n"]:
        epoch = self._epoch_of(index)
        return self._batches[index - self._starts[epoch]]

    def samples_before(self, index: int) -> int:
        """The number of examples in all batches before this one."""
        epoch = self._epoch_of(index)
        return epoch * len(self._lengths) + self._before[index - self._starts[epoch]]

    def index_at(self, samples: int) -> int:
        """The number of the batch that holds the example after so many."""
        epoch, rest = divmod(samples, len(self._lengths))
        while len(self._starts) <= epoch:
            self._measure()
        self._open(epoch)
        return self._starts[epoch] + bisect_right(self._before, rest) - 1

    def _epoch_of(self, index: int) -> int:
        """The epoch of a batch, which is opened."""
        while self._starts[-1] <= index:
            self._measure()
        epoch = bisect_right(self._starts, index) - 1
        self._open(epoch)
        return epoch

    def _measure(self) -> None:
        """Finds where the first epoch ends whose end is not known."""
        self._open(len(self._starts) - 1)
        self._starts.append(self._starts[-1] + len(self._batches))

    def _open(self, epoch: int) -> None:
        """Computes the batches of an epoch, and keeps those of the last one."""
        if epoch == self._epoch:
            return
        rng = np.random.default_rng((self._seed, epoch))
        shuffled = rng.permutation(len(self._lengths))
        pools = [shuffled[start : start + self._pool] for start in range(0, len(shuffled), self._pool)]
        batches = [batch for pool in pools for batch in _cut(pool, self._lengths[pool], self._limit)]
        self._batches = [batches[number] for number in rng.permutation(len(batches))]
        self._before = [0, *accumulate(map(len, self._batches))]
        self._epoch = epoch


class SequentialBatches:
    """Every example once, in order of length.

    Args:
        lengths: (N, S), of the sequences of each example.
        limit: of each batch; an example above the token limit is a batch of its own.
    """

    def __init__(self, lengths: Int64[np.ndarray, "N S"], limit: BatchLimit) -> None:
        self._batches = _cut(np.arange(len(lengths)), lengths, limit)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Int64[np.ndarray, " n"]:
        return self._batches[index]


class Examples(Generic[Row]):
    """Batches of examples, from batches of their indices."""

    def __init__(self, rows: Sequence[Row], batches: Indices) -> None:
        self._rows = rows
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)  # type: ignore[arg-type]  # a TypeError is right for those without end

    def __getitem__(self, index: int) -> list[Row]:
        return [self._rows[number] for number in self._batches[index].tolist()]


def _typical_size(longest: Int64[np.ndarray, " N"], limit: BatchLimit) -> int:
    """The approximate number of examples per batch."""
    sizes = [limit.examples] if limit.examples is not None else []
    if limit.tokens is not None:
        sizes.append(int(limit.tokens / max(longest.mean(), 1.0)))
    return max(min(sizes), 1)


def _cut(
    indices: Int64[np.ndarray, " N"], lengths: Int64[np.ndarray, "N S"], limit: BatchLimit
) -> list[Int64[np.ndarray, " n"]]:
    """Sorts examples by length, longest sequence first, and splits them into batches."""
    longest = lengths.max(axis=1, initial=1)
    order = np.lexsort((*lengths.T, longest))
    indices, longest = indices[order], longest[order]
    batches = []
    start = 0
    while start < len(indices):
        stop = start + limit.fitting(longest[start:])
        batches.append(indices[start:stop])
        start = stop
    return batches
