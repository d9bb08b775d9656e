"""Batches by number: every example once an epoch, within the limit, whatever was asked for before."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.data import batches as batching
from cutaway.data.batches import BatchLimit, Examples, RandomBatches, SequentialBatches
from cutaway.errors import UserError

LIMITS = st.builds(BatchLimit, st.integers(1, 7), st.none() | st.integers(1, 60)) | st.builds(
    BatchLimit, st.none(), st.integers(1, 60)
)
LENGTHS = st.integers(1, 3).flatmap(
    lambda sides: st.lists(st.lists(st.integers(0, 20), min_size=sides, max_size=sides), min_size=1, max_size=60)
)


@pytest.fixture(autouse=True, scope="module")
def _small_pools() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batching, "POOL_BATCHES", 3)
        yield


def epochs(batches: RandomBatches, examples: int, count: int) -> list[list[np.ndarray]]:
    """The batches of the first epochs."""
    found: list[list[np.ndarray]] = [[]]
    number = 0
    while len(found) <= count:
        found[-1].append(batches[number])
        number += 1
        if sum(map(len, found[-1])) >= examples:
            found.append([])
    return found[:count]


def hold_limit(lengths: np.ndarray, limit: BatchLimit, batch: np.ndarray) -> None:
    assert len(batch) >= 1
    assert limit.examples is None or len(batch) <= limit.examples
    assert limit.tokens is None or len(batch) == 1 or len(batch) * lengths[batch].max() <= limit.tokens


def padding(lengths: np.ndarray, found: list[np.ndarray]) -> float:
    """The share of what is computed that is padding."""
    computed = sum(len(batch) * lengths[batch].max(axis=0).sum() for batch in found)
    return float(1 - lengths.sum() / computed)


@settings(max_examples=40)
@given(rows=LENGTHS, limit=LIMITS, seed=st.integers(0, 99))
def test_each_epoch_visits_every_example_once_within_the_limit(
    rows: list[list[int]], limit: BatchLimit, seed: int
) -> None:
    lengths = np.array(rows, np.int64)
    for epoch in epochs(RandomBatches(lengths, limit, seed), len(rows), 3):
        assert sorted(np.concatenate(epoch).tolist()) == list(range(len(rows)))
        for batch in epoch:
            hold_limit(lengths, limit, batch)


@settings(max_examples=40)
@given(rows=LENGTHS, limit=LIMITS, asked=st.lists(st.integers(0, 39), min_size=1, max_size=6))
def test_a_batch_depends_on_seed_and_number_alone(rows: list[list[int]], limit: BatchLimit, asked: list[int]) -> None:
    lengths = np.array(rows, np.int64)
    one = RandomBatches(lengths, limit, 7)
    in_order = [one[number] for number in range(40)]
    another = RandomBatches(lengths, limit, 7)
    for number in asked:
        np.testing.assert_array_equal(another[number], in_order[number])


@settings(max_examples=40)
@given(rows=LENGTHS, limit=LIMITS)
def test_sequential_batches_are_sorted_and_hold_every_example_once(rows: list[list[int]], limit: BatchLimit) -> None:
    lengths = np.array(rows, np.int64)
    batches = SequentialBatches(lengths, limit)
    found = [batches[number] for number in range(len(batches))]
    order = np.concatenate(found)
    assert sorted(order.tolist()) == list(range(len(rows)))
    assert (np.diff(lengths[order].max(axis=1)) >= 0).all()
    for batch, after in pairwise(found):
        hold_limit(lengths, limit, batch)
        grown = len(batch) + 1
        longest = lengths[[*batch, after[0]]].max(initial=1)
        assert (limit.examples is not None and grown > limit.examples) or (
            limit.tokens is not None and grown * longest > limit.tokens
        )


def test_epochs_and_seeds_differ() -> None:
    lengths = np.random.default_rng(0).integers(1, 30, size=(200, 2))
    limit = BatchLimit(examples=10)
    first, second = ([batch.tolist() for batch in epoch] for epoch in epochs(RandomBatches(lengths, limit, 0), 200, 2))
    (other,) = ([batch.tolist() for batch in epoch] for epoch in epochs(RandomBatches(lengths, limit, 1), 200, 1))
    assert len(first) == len(second) == 20
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in other}


def test_a_batch_may_reach_its_limit() -> None:
    batches = SequentialBatches(np.full((8, 2), 3), BatchLimit(tokens=12))
    assert [len(batches[number]) for number in range(len(batches))] == [4, 4]


def test_the_order_of_batches_does_not_follow_their_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "POOL_BATCHES", 100)
    lengths = np.arange(600)[:, None]
    (found,) = epochs(RandomBatches(lengths, BatchLimit(examples=6), 0), 600, 1)
    means = np.array([lengths[batch].mean() for batch in found])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.4
    assert (np.diff(means[:20]) < 0).any()


@pytest.mark.parametrize("limit", [BatchLimit(examples=16), BatchLimit(tokens=400)], ids=["examples", "tokens"])
def test_little_is_padding(limit: BatchLimit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "POOL_BATCHES", 20)
    rng = np.random.default_rng(0)
    source = rng.integers(3, 40, size=3_000)
    lengths = np.stack([source, source + rng.integers(-2, 3, size=3_000)], axis=1)
    (found,) = epochs(RandomBatches(lengths, limit, 0), 3_000, 1)
    unsorted = [np.arange(start, start + 16) for start in range(0, 2_992, 16)]
    assert padding(lengths, found) < padding(lengths, unsorted) / 3


def test_a_million_examples_are_laid_out_without_a_loop_over_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "POOL_BATCHES", 100)
    calls = []
    fitting = BatchLimit.fitting
    monkeypatch.setattr(BatchLimit, "fitting", lambda *given: calls.append(1) or fitting(*given))
    lengths = np.random.default_rng(0).integers(1, 9, size=(1_000_000, 1))
    assert len(RandomBatches(lengths, BatchLimit(tokens=40_000), 0)[0]) > 5_000
    assert len(calls) < 400


def test_rows_come_in_batches() -> None:
    lengths = np.array([[5], [2], [9]])
    rows = ["five", "two", "nine"]
    examples = Examples(rows, SequentialBatches(lengths, BatchLimit(examples=2)))
    assert [examples[number] for number in range(len(examples))] == [["two", "five"], ["nine"]]
    endless = Examples(rows, RandomBatches(lengths, BatchLimit(examples=2), 0))
    assert sorted(endless[10] + endless[11]) == sorted(rows)
    with pytest.raises(TypeError, match="len"):
        len(endless)


def test_nothing_makes_no_batches() -> None:
    nothing = np.empty((0, 2), np.int64)
    assert len(SequentialBatches(nothing, BatchLimit(examples=2))) == 0
    with pytest.raises(UserError, match="no examples"):
        RandomBatches(nothing, BatchLimit(examples=2), 0)
    with pytest.raises(ValueError, match="needs a limit"):
        BatchLimit()


@settings(max_examples=40)
@given(LENGTHS, LIMITS, st.integers(0, 5))
def test_samples_are_counted_across_epochs(lengths: list[list[int]], limit: BatchLimit, seed: int) -> None:
    batches, other = (RandomBatches(np.array(lengths), limit, seed) for _ in range(2))
    sizes = [len(batches[index]) for index in range(3 * len(lengths))]
    before = [sum(sizes[:index]) for index in range(len(sizes))]
    assert [batches.samples_before(index) for index in range(len(sizes))] == before
    for samples in range(before[-1] + 1):
        assert other.index_at(samples) == max(index for index, seen in enumerate(before) if seen <= samples)
