"""Generated sequences: the rule holds, and what is held out is never trained on."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.errors import UserError
from cutaway.nn.losses import IGNORED
from cutaway.tasks.algorithmic.generated import Operation, sequences, vocabulary

OPERATIONS = get_args(Operation)


def rows_of(inputs: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, inputs.tolist()))


@pytest.mark.parametrize("held_out", [False, True])
def test_places_are_what_the_operation_puts_there(held_out: bool) -> None:
    rules = {"sort": sorted, "reverse": lambda row: row[::-1], "copy": list}
    for operation, rule in rules.items():
        inputs, targets = sequences(operation, 41, 7, 13, seed=5, held_out=held_out)
        assert inputs.shape == targets.shape == (41, 7)
        assert targets.tolist() == [rule(row) for row in inputs.tolist()]
        assert set(inputs.flat) == set(range(vocabulary(operation, 13)))
        assert not np.shares_memory(inputs, targets)


@settings(max_examples=20)
@given(length=st.integers(5, 25), base=st.integers(2, 16), seed=st.integers(0, 99))
def test_sums_are_right(length: int, base: int, seed: int) -> None:
    inputs, targets = sequences("add", 9, length, base, seed)
    assert inputs.shape == targets.shape == (9, 3 * length + 2)
    assert inputs.max() == vocabulary("add", base) - 1
    for row, answer in zip(inputs.tolist(), targets.tolist(), strict=True):
        assert row[length] == base
        assert row[2 * length + 1 :] == [base + 1] * (length + 1)
        first, second = number(row[:length], base), number(row[length + 1 : 2 * length + 1], base)
        assert answer[: 2 * length + 1] == [IGNORED] * (2 * length + 1)
        assert number(answer[2 * length + 1 :], base) == first + second
        assert max(answer) < base


def number(digits: list[int], base: int) -> int:
    value = 0
    for digit in digits:
        value = value * base + digit
    return value


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("length", "symbols"), [(3, 11), (5, 6)])
def test_no_sequence_is_both_held_out_and_trained_on(operation: Operation, length: int, symbols: int) -> None:
    training = [rows_of(sequences(operation, 5_000, length, symbols, seed)[0]) for seed in (0, 1)]
    held_out = rows_of(sequences(operation, 500, length, symbols, 2, held_out=True)[0])
    assert len(training[0] & training[1]) > 0 or operation == "add"
    assert not (training[0] | training[1]) & held_out
    assert len(held_out) > 20


def test_about_one_in_sixteen_is_held_out() -> None:
    everything = 11**3
    held_out = rows_of(sequences("copy", 5_000, 3, 11, 0, held_out=True)[0])
    assert len(rows_of(sequences("copy", 60_000, 3, 11, 0)[0]) | held_out) == everything
    assert everything / 24 < len(held_out) < everything / 11


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_draw_depends_on_the_seed_alone(operation: Operation) -> None:
    first, again, other = (sequences(operation, 20, 6, 10, seed) for seed in (0, 0, 1))
    for array, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(array, same)
    assert not rows_of(first[0]) & rows_of(other[0])
    np.testing.assert_array_equal(sequences(operation, 7, 6, 10, 0)[0], first[0][:7])


def test_too_few_sequences_are_refused() -> None:
    with pytest.raises(UserError, match="2 symbols make 512 sequences to sort, too few"):
        sequences("sort", 4, 9, 2, 0)
    assert len(sequences("add", 4, 9, 2, 0)[0]) == 4
