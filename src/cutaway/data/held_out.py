"""Holding out examples for validation."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from cutaway.data.examples import AnyExample
from cutaway.errors import UserError


def hold_out(
    examples: Sequence[AnyExample], share: float, seed: int, name: str
) -> tuple[list[AnyExample], list[AnyExample]]:
    """Splits examples at random into a training and a validation split, both in their original order.

    Not the last ones, because files are often sorted. Examples with the same input stay together, so that no input is
    in both splits. The fraction is approached as closely as whole groups allow without exceeding it, but at least one
    group is held out.

    Raises:
        UserError: all have the same input.
    """
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number, example in enumerate(examples):
        groups[example.given].append(number)
    if len(groups) < 2:
        raise UserError(
            f"{name} holds one text only (examples: {len(examples):,}), and nothing of it can be held out: give more, "
            f"or other examples with data.validation_path"
        )
    members = list(groups.values())
    wanted = max(round(len(examples) * share), min(map(len, members)))
    held_out: set[int] = set()
    for group in np.random.default_rng(seed).permutation(len(members)).tolist():
        if len(held_out) + len(members[group]) <= wanted and len(held_out) + len(members[group]) < len(examples):
            held_out.update(members[group])
    training = [example for number, example in enumerate(examples) if number not in held_out]
    return training, [examples[number] for number in sorted(held_out)]
