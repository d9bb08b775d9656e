"""Sequences of symbols, computed on."""

from collections.abc import Sequence
from functools import reduce

import torch

from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.model.device import device_of
from cutaway.model.transformer import Transformer
from cutaway.tasks.algorithmic.config import AlgorithmicConfig
from cutaway.verbs.batching import in_batches, require_fitting


def add(
    model: Transformer, config: ModelConfig, task: AlgorithmicConfig, pairs: Sequence[tuple[int, int]]
) -> list[int]:
    """The sums of pairs of numbers, written with as many digits as in training, or more if they need them."""
    rows, sizes = [], []
    for pair in pairs:
        if min(pair) < 0:
            raise UserError(f"{min(pair)} is below 0, and the model adds numbers from 0 on")
        digits = [_digits(number, task.symbols) for number in pair]
        size = max(task.shortest or task.length, *map(len, digits))
        first, second = ([0] * (size - len(number)) + number for number in digits)
        rows.append([*first, task.symbols, *second, *[task.symbols + 1] * (size + 1)])
        sizes.append(size)
    found = compute(model, config, task, rows)
    return [_number(row[-size - 1 :], task.symbols) for row, size in zip(found, sizes, strict=True)]


def _digits(number: int, base: int) -> list[int]:
    digits = [number % base]
    while number := number // base:
        digits.insert(0, number % base)
    return digits


def _number(digits: Sequence[int], base: int) -> int:
    return reduce(lambda number, digit: number * base + digit, digits, 0)


@torch.inference_mode()
def compute(
    model: Transformer, config: ModelConfig, task: AlgorithmicConfig, rows: Sequence[Sequence[int]]
) -> list[list[int]]:
    """The likeliest symbol in each place of each row (see `Pipeline.sort`)."""
    known = config.known_vocabulary
    for row in rows:
        for number in row:
            if not 0 <= number < known:
                raise UserError(f"{number} is not among the numbers that the model knows: 0 to {task.symbols - 1}")
        if not row:
            raise UserError(f"there is nothing to {task.operation}: give numbers")
    require_fitting(rows, config.context)

    def best(tokens: torch.Tensor, mask: torch.Tensor | None) -> list[list[int]]:
        lengths = [tokens.shape[1]] * len(tokens) if mask is None else mask.sum(dim=1).tolist()
        found = model(tokens, attention_mask=mask).argmax(dim=-1).tolist()
        return [row[:length] for row, length in zip(found, lengths, strict=True)]

    return in_batches(rows, best, device_of(model))
