"""Sequences made up by rule: what a small model can be seen to learn exactly."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64, UInt64

from cutaway.errors import UserError
from cutaway.nn.losses import IGNORED

Operation = Literal["sort", "reverse", "copy", "add"]

HELD_OUT_BITS = 4
FEWEST_SEQUENCES = 1000

InputsAndTargets = tuple[Int64[np.ndarray, "N T"], Int64[np.ndarray, "N T"]]


def sequences(
    operation: Operation, count: int, length: int, symbols: int, seed: int, *, held_out: bool = False
) -> InputsAndTargets:
    """Random sequences, and the target at each place.

    For sort, reverse and copy, T is the length, and the target at a place is what stands there afterwards. To add, two
    numbers of so many digits, the first digit counting most, are written as `a + b =`, with an equals sign for each of
    the length + 1 digits of the sum: T is 3 · length + 2. The targets are the digits of the sum below the equals
    signs, and `IGNORED` before.

    Which sequences are held out is decided by a hash of their symbols, one in 16 on average: whatever the seeds, a
    sequence that is held out is never one to train on. The rest is a function of the arguments alone.

    Args:
        operation: what is done to each.
        count: how many.
        length: symbols of a sequence, or digits of a number.
        symbols: how many there are, from 0 on; the base of a number.
        seed: of the draw.
        held_out: draw from those that are held out, instead of from the others.

    Raises:
        UserError: there are too few such sequences to hold some out.
    """
    width = length * 2 if operation == "add" else length
    if symbols**width < FEWEST_SEQUENCES:
        raise UserError(
            f"{symbols} symbols make {symbols**width} sequences to {operation}, too few to hold some out: "
            f"choose more symbols or a greater length"
        )
    rng = np.random.default_rng(seed)
    drawn = [np.empty((0, width), np.int64)]
    at_once = 64 + (min(count, FEWEST_SEQUENCES) << HELD_OUT_BITS if held_out else count + count // 8)
    while sum(map(len, drawn)) < count:
        rows = rng.integers(symbols, size=(at_once, width))
        drawn.append(rows[_is_held_out(rows) == held_out])
    return OPERATIONS[operation](np.concatenate(drawn)[:count], symbols)


def vocabulary(operation: Operation, symbols: int) -> int:
    """How many different inputs there are: the symbols, and to add also `+` and `=`, in this order."""
    return symbols + 2 if operation == "add" else symbols


def _is_held_out(rows: Int64[np.ndarray, "N W"]) -> Bool[np.ndarray, " N"]:
    """Whether the highest bits of a hash are zero: multiplied and folded as in SplitMix64 (Steele et al. 2014)."""
    mixed: UInt64[np.ndarray, " N"] = np.zeros(len(rows), np.uint64)
    for column in rows.T.astype(np.uint64):
        mixed = (mixed + column + np.uint64(1)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed >> np.uint64(64 - HELD_OUT_BITS) == 0


def _sort(rows: Int64[np.ndarray, "N T"], symbols: int) -> InputsAndTargets:
    return rows, np.sort(rows, axis=1)


def _reverse(rows: Int64[np.ndarray, "N T"], symbols: int) -> InputsAndTargets:
    return rows, rows[:, ::-1].copy()


def _copy(rows: Int64[np.ndarray, "N T"], symbols: int) -> InputsAndTargets:
    return rows, rows.copy()


def _add(rows: Int64[np.ndarray, "N W"], symbols: int) -> InputsAndTargets:
    count, length = len(rows), rows.shape[1] // 2
    first, second = rows[:, :length], rows[:, length:]
    total = np.zeros((count, length + 1), np.int64)
    total[:, 1:] = first + second
    for place in range(length, 0, -1):  # digit by digit, because numbers may be longer than any integer type
        total[:, place - 1] += total[:, place] // symbols
        total[:, place] %= symbols
    plus, equals = np.full((count, 1), symbols), np.full((count, length + 1), symbols + 1)
    inputs = np.concatenate([first, plus, second, equals], axis=1)
    return inputs, np.concatenate([np.full((count, 2 * length + 1), IGNORED), total], axis=1)


OPERATIONS: dict[Operation, Callable[[Int64[np.ndarray, "N W"], int], InputsAndTargets]] = {
    "sort": _sort,
    "reverse": _reverse,
    "copy": _copy,
    "add": _add,
}
