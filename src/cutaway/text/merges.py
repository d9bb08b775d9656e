"""The merges of byte-pair encoding in a word (Sennrich 2016, section 3.2)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise


def join_steps(pieces: Sequence[str], ranks: Mapping[tuple[str, str], int]) -> list[list[str]]:
    """The pieces at first and after each merge.

    Each step merges the pair with the lowest rank, the leftmost if it occurs more than once.

    Args:
        pieces: a word in its smallest pieces.
        ranks: the pairs that may be merged, in the order of training.
    """
    steps = [list(pieces)]
    while True:
        now = steps[-1]
        known = [(ranks[pair], i) for i, pair in enumerate(pairwise(now)) if pair in ranks]
        if not known:
            return steps
        _, i = min(known)
        steps.append([*now[:i], now[i] + now[i + 1], *now[i + 2 :]])
