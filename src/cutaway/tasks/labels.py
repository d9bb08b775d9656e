"""Labels and their numbers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.errors import UserError, listed, nearest, quoted
from cutaway.tasks.shared import ClassificationConfig


@dataclass(frozen=True)
class LabelledRow:
    """An encoded input and its target: the index of a label, a 0 or 1 per label, or a number."""

    shown: Any
    length: int
    target: tuple[float, ...]

    @property
    def lengths(self) -> tuple[int]:
        """The length of the input."""
        return (self.length,)


def labelled_rows(
    shown: Sequence[Any], length: Callable[[Any], int], labels: Sequence[tuple[str, ...]], task: ClassificationConfig
) -> list[LabelledRow]:
    """Inputs with their labels as numbers.

    Raises:
        UserError: the model does not have a label, or a label is not a number in regression.
    """
    target = TARGETS[task.problem]
    targets = [target(one, task.labels or ()) for one in labels]
    return [LabelledRow(one, length(one), wanted) for one, wanted in zip(shown, targets, strict=True)]


def known_labels(labels: Sequence[tuple[str, ...]], problem: str) -> tuple[str, ...] | None:
    """All labels in alphabetical order; None if labels are numbers."""
    if problem == "regression":
        return None
    return tuple(sorted({label for several in labels for label in several}))


def number_of(label: str, known: Sequence[str]) -> int:
    """The index of a label.

    Raises:
        UserError: it does not occur in the training split.
    """
    if label not in known:
        raise UserError(f"the label {quoted(label)} does not occur in the training split; {nearest(label, known)}")
    return known.index(label)


def value_of(labels: tuple[str, ...]) -> float:
    """The single label as a number.

    Raises:
        UserError: it is not a finite number, or there are more or fewer labels.
    """
    try:
        (label,) = labels
        number = float(label)
    except ValueError:
        raise UserError(
            f"{listed(labels) or 'an empty label'} is not a number, and task.problem is regression"
        ) from None
    if not math.isfinite(number):
        raise UserError(f"{label} is not a finite number, and task.problem is regression")
    return number


def _single(labels: tuple[str, ...], known: Sequence[str]) -> tuple[float, ...]:
    if len(labels) != 1:
        raise UserError(
            f"an example has {len(labels)} labels ({listed(labels) or 'none'}): for any number of them, "
            f"choose task.problem=multi_label"
        )
    return (float(number_of(labels[0], known)),)


def _several(labels: tuple[str, ...], known: Sequence[str]) -> tuple[float, ...]:
    numbers = {number_of(label, known) for label in labels}
    return tuple(float(i in numbers) for i in range(len(known)))


TARGETS: dict[str, Callable[[tuple[str, ...], Sequence[str]], tuple[float, ...]]] = {
    "single_label": _single,
    "multi_label": _several,
    "regression": lambda labels, known: (value_of(labels),),
}
