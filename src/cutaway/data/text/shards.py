"""Token ids on disk, in files that are memory-mapped and read as one array."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

from cutaway.errors import UserError
from cutaway.files import write_bytes

CHECKED_AT_ONCE = 1 << 24
"""Token ids that are compared with the vocabulary at once."""


class TokenStream:
    """Several arrays of token ids as one: `len(tokens)` and `tokens[start:stop]`, which copies to int64."""

    def __init__(self, arrays: Sequence[NDArray[Any]]) -> None:
        self._arrays = arrays
        self._starts = [0, *accumulate(len(array) for array in arrays)]

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, span: slice) -> Int64[np.ndarray, " T"]:
        start, stop, step = span.indices(len(self))
        if step != 1:
            raise ValueError(f"tokens are read without a step, not in steps of {step}")
        pieces = []
        shard = bisect_right(self._starts, start) - 1
        while start < stop:
            first = self._starts[shard]
            end = min(stop, self._starts[shard + 1])
            pieces.append(self._arrays[shard][start - first : end - first])
            start, shard = end, shard + 1
        return np.concatenate(pieces, dtype=np.int64) if pieces else np.empty(0, np.int64)


def write_shard(path: Path, tokens: Sequence[NDArray[Any]]) -> None:
    """Writes arrays of token ids as one file, completely or not at all."""
    buffer = io.BytesIO()
    np.save(buffer, np.concatenate(tokens))
    write_bytes(path, buffer.getvalue())


def open_shard(path: Path, vocabulary: int | None = None) -> NDArray[Any]:
    """Memory-maps a file of token ids, and checks them if the size of their vocabulary is given.

    Raises:
        UserError: it is missing, cut short or something else, or an id is not in a vocabulary of this size.
    """
    try:
        tokens: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"cannot read the tokens in {path} ({error}): remove the folder and prepare again") from error
    if vocabulary is None:
        return tokens
    if tokens.ndim != 1 or tokens.dtype != token_type(vocabulary):
        found = f"{tokens.dtype} in {tokens.ndim} dimensions"
        raise UserError(f"{path} holds {found}, not token ids in {token_type(vocabulary).__name__}: prepare again")
    for start in range(0, len(tokens), CHECKED_AT_ONCE):
        if (largest := int(tokens[start : start + CHECKED_AT_ONCE].max())) >= vocabulary:
            raise UserError(
                f"{path} holds the token id {largest}, but the tokenizer has {vocabulary} tokens: remove the folder "
                f"and prepare again"
            )
    return tokens


def token_type(vocabulary: int) -> type[np.unsignedinteger[Any]]:
    """The smallest unsigned type of two or four bytes for these token ids."""
    return np.uint16 if vocabulary <= 1 << 16 else np.uint32
