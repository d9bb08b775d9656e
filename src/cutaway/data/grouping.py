"""Inputs of different lengths -> batches of similar lengths for inference; results keep the order of the inputs."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from cutaway.data.batches import BatchLimit, SequentialBatches
from cutaway.data.padding import pad_with_mask

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
        compute: takes ids (B, T) and a mask (B, T), or None if all rows are equally long; returns a result per row.
        device: of ids and mask.
        tokens_at_once: most tokens of a batch, padding included.
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
    shape: Callable[[Input], Hashable] = lambda _: None,
) -> list[Result]:
    """Computes a result for each input, in batches of similar lengths, as `in_batches` does for token ids.

    Inputs of different shapes are never in one batch.
    """
    alike: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number, one in enumerate(inputs):
        alike[shape(one)].append(number)
    found: dict[int, Result] = {}
    for members in alike.values():
        sizes = np.array([[lengths[number]] for number in members], np.int64)
        batches = SequentialBatches(sizes, BatchLimit(tokens=tokens_at_once))
        for i in range(len(batches)):
            chosen = [members[j] for j in batches[i].tolist()]
            found.update(zip(chosen, compute([inputs[number] for number in chosen]), strict=True))
    return [found[number] for number in range(len(inputs))]
