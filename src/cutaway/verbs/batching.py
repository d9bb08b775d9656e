"""Many inputs of different lengths -> batches of similar ones, and the results back in the order of the inputs."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from cutaway.data.batches import BatchLimit, SequentialBatches
from cutaway.data.padding import pad_with_mask
from cutaway.errors import UserError

TOKENS_AT_ONCE = 4096

Result = TypeVar("Result")


def in_batches(
    rows: Sequence[Sequence[int]],
    compute: Callable[[Tensor, Tensor | None], Sequence[Result]],
    device: torch.device,
    *,
    tokens_at_once: int = TOKENS_AT_ONCE,
) -> list[Result]:
    """Computes a result for each row of token ids.

    Args:
        rows: the ids.
        compute: given ids (B, T) and a mask (B, T), or none if all rows are equally long, returns a result a row.
        device: where ids and mask go.
        tokens_at_once: how large a batch is at most, padding included.
    """
    lengths = np.array([[len(row)] for row in rows], np.int64).reshape(-1, 1)
    batches = SequentialBatches(lengths, BatchLimit(tokens=tokens_at_once))
    found: dict[int, Result] = {}
    for number in range(len(batches)):
        chosen = batches[number].tolist()
        arrays = pad_with_mask([rows[i] for i in chosen], "tokens", "mask")
        tensors = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
        found.update(zip(chosen, compute(tensors["tokens"], tensors.get("mask")), strict=True))
    return [found[i] for i in range(len(rows))]


def require_no_empty(texts: Sequence[str], what: str) -> None:
    """Refuses texts of nothing but white space.

    Raises:
        UserError: there is one; says which, and what cannot be done with it.
    """
    for number, text in enumerate(texts, 1):
        if not text.strip():
            which = f"text {number} is empty, and" if len(texts) > 1 else "an empty text"
            raise UserError(f"{which} {what}: take it out")


def require_fitting(rows: Sequence[Sequence[int]], limit: int) -> None:
    """Refuses what is longer than the model was trained for: nothing is cut without a word.

    Raises:
        UserError: a row has more tokens than that; says which.
    """
    for number, row in enumerate(rows, 1):
        if len(row) > limit:
            which = f"text {number}" if len(rows) > 1 else "the text"
            raise UserError(f"{which} has {len(row)} tokens, and the model takes {limit} at most: shorten or split it")
