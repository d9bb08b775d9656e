"""Many inputs of different lengths -> batches of similar ones, and the results back in the order of the inputs."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from cutaway.data.batches import BatchLimit, SequentialBatches
from cutaway.data.padding import pad_with_mask
from cutaway.errors import UserError

TOKENS_AT_ONCE = 4096

Input = TypeVar("Input")
Result = TypeVar("Result")


def in_batches(
    rows: Sequence[Sequence[int]],
    compute: Callable[[Tensor, Tensor | None], Iterable[Result]],
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

    def compute_some(some: Sequence[Sequence[int]]) -> Iterable[Result]:
        arrays = pad_with_mask(some, "tokens", "mask")
        tensors = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
        return compute(tensors["tokens"], tensors.get("mask"))

    return in_groups(rows, [len(row) for row in rows], compute_some, tokens_at_once)


def in_groups(
    inputs: Sequence[Input],
    lengths: Sequence[int],
    compute: Callable[[list[Input]], Iterable[Result]],
    tokens_at_once: int = TOKENS_AT_ONCE,
    form: Callable[[Input], Hashable] = lambda _: None,
) -> list[Result]:
    """Computes a result for each input, many of similar lengths at once, as `in_batches` does for token ids.

    Inputs of different forms are kept apart.
    """
    alike: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number, one in enumerate(inputs):
        alike[form(one)].append(number)
    found: dict[int, Result] = {}
    for members in alike.values():
        sizes = np.array([[lengths[number]] for number in members], np.int64)
        batches = SequentialBatches(sizes, BatchLimit(tokens=tokens_at_once))
        for i in range(len(batches)):
            chosen = [members[j] for j in batches[i].tolist()]
            found.update(zip(chosen, compute([inputs[number] for number in chosen]), strict=True))
    return [found[number] for number in range(len(inputs))]


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


def require_short(samples: Sequence[int], limit: int, rate: int) -> None:
    """Refuses recordings that are longer than the model was trained for: nothing is cut without a word.

    Raises:
        UserError: one has more samples than that; says which, and how many seconds it lasts.
    """
    for number, count in enumerate(samples, 1):
        if count > limit:
            which = f"recording {number}" if len(samples) > 1 else "the recording"
            raise UserError(
                f"{which} lasts {count / rate:.2f} seconds, and the model takes {limit / rate:.2f} at most: shorten it"
            )
