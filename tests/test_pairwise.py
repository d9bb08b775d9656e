"""Covering arrays cover all pairs, and are short."""

from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairwise import pairwise


def pairs_of(combination: dict[str, Any]) -> set[frozenset[tuple[str, Any]]]:
    return {frozenset(pair) for pair in combinations(combination.items(), 2)}


@given(st.lists(st.integers(1, 5), min_size=2, max_size=6))
def test_every_pair_occurs_and_no_combination_is_in_vain(sizes: list[int]) -> None:
    factors = {f"factor {i}": range(size) for i, size in enumerate(sizes)}
    found = list(pairwise(factors))
    expected = {
        frozenset({(one, a), (other, b)})
        for one, other in combinations(factors, 2)
        for a, b in product(factors[one], factors[other])
    }
    covered: set[frozenset[tuple[str, Any]]] = set()
    for combination in found:
        assert list(combination) == list(factors)
        assert pairs_of(combination) - covered
        covered |= pairs_of(combination)
    assert covered == expected


@pytest.mark.parametrize(
    ("sizes", "longest"), [((6, 4, 4, 2, 4), 28), ((4, 4, 4, 4, 4, 4), 30), ((2,) * 15, 14), ((3, 3), 9)]
)
def test_it_is_short(sizes: tuple[int, ...], longest: int) -> None:
    assert len(list(pairwise({f"factor {i}": range(size) for i, size in enumerate(sizes)}))) <= longest


def test_one_factor_is_all_of_its_values() -> None:
    assert list(pairwise({"kind": ["a", "b"]})) == [{"kind": "a"}, {"kind": "b"}]


def test_values_need_not_be_hashable_and_the_order_is_always_the_same() -> None:
    factors = {"position": ["none", "rotary"], "attention": [{"heads": 2}, {"heads": 3}]}
    assert list(pairwise(factors)) == list(pairwise(factors))
    assert sorted(str(one) for one in pairwise(factors)) == sorted(
        str({"position": position, "attention": attention}) for position, attention in product(*factors.values())
    )
