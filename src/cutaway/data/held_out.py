"""Holding out examples for validation."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np

from cutaway.data.examples import AnyExample
from cutaway.errors import UserError, counted

INSTEAD = "give more, others with data.validation_path, or data.validation=0"


def hold_out(
    examples: Sequence[AnyExample],
    share: float,
    seed: int,
    name: str,
    classes: Callable[[AnyExample], Iterable[str]] = lambda _: (),
) -> tuple[list[AnyExample], list[AnyExample]]:
    """Splits examples at random into a training and a validation split, both in their original order.

    Not the last ones, because files are often sorted. Examples with the same input stay together, so that no input is
    in both splits. The fraction is approached as closely as whole groups allow without exceeding it, but at least one
    group is held out. Each class stays in the training split.

    Args:
        examples: of which some are held out.
        share: the fraction of them, from 0 to 1.
        seed: of the choice.
        name: of their file, for messages.
        classes: those of an example.

    Raises:
        UserError: all have the same input, or each has a class that no other has.
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
    classes_of = [{label for number in group for label in classes(examples[number])} for group in members]
    remaining = Counter(label for labels in classes_of for label in labels)
    free = [len(group) for group, labels in zip(members, classes_of, strict=True) if _are_left(labels, remaining)]
    if not free:
        raise UserError(
            f"each input of {name} has a label that no other has ({counted(len(groups), 'input')}, "
            f"{counted(len(remaining), 'label')}), and none can be held out: {INSTEAD}"
        )
    wanted = max(round(len(examples) * share), min(free))
    held_out: set[int] = set()
    for group in np.random.default_rng(seed).permutation(len(members)).tolist():
        size = len(held_out) + len(members[group])
        if size <= wanted and size < len(examples) and _are_left(classes_of[group], remaining):
            held_out.update(members[group])
            remaining.subtract(classes_of[group])
    training = [example for number, example in enumerate(examples) if number not in held_out]
    return training, [examples[number] for number in sorted(held_out)]


def _are_left(labels: Iterable[str], remaining: Counter[str]) -> bool:
    """Whether each of the labels is also that of another group."""
    return all(remaining[label] > 1 for label in labels)
