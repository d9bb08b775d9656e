"""Rows of different lengths -> one array, and its mask."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int64


def pad(rows: Sequence[Sequence[int]], value: int) -> Int64[np.ndarray, "B T"]:
    """Pads rows at the end to the length of the longest."""
    lengths = np.array([len(row) for row in rows], np.int64)
    padded = np.full((len(rows), lengths.max(initial=0)), value, np.int64)
    padded[length_mask(lengths)] = [number for row in rows for number in row]
    return padded


def length_mask(lengths: Int64[np.ndarray, " B"]) -> Bool[np.ndarray, "B T"]:
    """True for the elements of padded rows that are not padding."""
    return np.arange(lengths.max(initial=0)) < lengths[:, None]


def pad_with_mask(rows: Sequence[Sequence[int]], tokens: str, mask: str) -> dict[str, np.ndarray]:
    """Token ids padded with 0 and, unless all rows have the same length, their mask, by these two names."""
    lengths = np.array([len(row) for row in rows], np.int64)
    padded = {tokens: pad(rows, 0)}
    return padded if (lengths == lengths.max(initial=0)).all() else {**padded, mask: length_mask(lengths)}
