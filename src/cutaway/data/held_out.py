"""Which examples are held out to validate with."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from cutaway.data.examples import AnyExample
from cutaway.errors import UserError


def hold_out(
    examples: Sequence[AnyExample], share: float, seed: int, name: str
) -> tuple[list[AnyExample], list[AnyExample]]:
    """Parts examples at random into those to train on and those to validate with, both in their old order.

    Not the last ones, because files are often sorted. Examples that show a model the same stay together, so that
    none is validated that was seen; the share is met as nearly as whole groups allow without exceeding it, but for a
    group that is held out at least.

    Raises:
        UserError: all show the same text.
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
