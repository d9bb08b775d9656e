"""Covering arrays: few combinations of choices, in which any two choices of different factors meet.

Most defects need one choice or two together. Six factors of four values have 4,096 combinations, and every pair of
values is in about 25 of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

Value = tuple[str, int]
"""A factor and the index of one of its values, which need not be hashable themselves."""


def pairwise(factors: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Combinations with a value for each factor, such that each pair of values of two factors occurs at least once.

    Greedy: each begins with a pair that has not occurred, and takes for each factor left the value that adds the most
    new pairs. The same factors always give the same combinations.
    """
    if len(factors) == 1:
        yield from ({name: value} for name, values in factors.items() for value in values)
        return
    values = {name: [(name, index) for index in range(len(factors[name]))] for name in factors}
    missing = {frozenset(pair): None for pair in _pairs(values)}  # a set that keeps its order
    used = {value: 0 for each in values.values() for value in each}
    while missing:
        chosen = dict(next(iter(missing)))
        for name in sorted(values.keys() - chosen.keys(), key=list(values).index):
            chosen[name] = _best(values[name], chosen, missing, used)
        for pair in combinations(chosen.items(), 2):
            missing.pop(frozenset(pair), None)
        for value in chosen.items():
            used[value] += 1
        yield {name: factors[name][chosen[name]] for name in factors}


def _pairs(values: Mapping[str, Sequence[Value]]) -> Iterator[tuple[Value, Value]]:
    for one, other in combinations(values, 2):
        yield from ((a, b) for a in values[one] for b in values[other])


def _best(
    candidates: Sequence[Value],
    chosen: Mapping[str, int],
    missing: Mapping[frozenset[Value], None],
    used: Mapping[Value, int],
) -> int:
    """The candidate that makes the most missing pairs with what is chosen; of several, the one used least."""

    def rank(candidate: Value) -> tuple[int, int]:
        return sum(frozenset((candidate, value)) in missing for value in chosen.items()), -used[candidate]

    return max(candidates, key=rank)[1]
