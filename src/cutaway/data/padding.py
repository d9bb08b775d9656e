"""Rows of different lengths -> one array, and which of it counts."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int64


def pad(rows: Sequence[Sequence[int]], value: int) -> Int64[np.ndarray, "B T"]:
    """Fills up rows at their ends to the length of the longest."""
    lengths = np.array([len(row) for row in rows], np.int64)
    padded = np.full((len(rows), lengths.max(initial=0)), value, np.int64)
    padded[length_mask(lengths)] = [number for row in rows for number in row]
    return padded


def length_mask(lengths: Int64[np.ndarray, " B"]) -> Bool[np.ndarray, "B T"]:
    """Which places of rows, filled up to the longest, hold what is real."""
    return np.arange(lengths.max(initial=0)) < lengths[:, None]


def pad_with_mask(rows: Sequence[Sequence[int]], tokens: str, mask: str) -> dict[str, np.ndarray]:
    """Token ids padded with 0 under one name and, unless all rows are of one length, under another what is real."""
    lengths = np.array([len(row) for row in rows], np.int64)
    padded = {tokens: pad(rows, 0)}
    return padded if (lengths == lengths.max(initial=0)).all() else {**padded, mask: length_mask(lengths)}
