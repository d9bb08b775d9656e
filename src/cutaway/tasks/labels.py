"""Labels, and the numbers that they become."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.errors import UserError, nearest
from cutaway.tasks.shared import ClassificationConfig


@dataclass(frozen=True)
class LabelledRow:
    """What a model is shown, and what is to be said of it: a label's number, a 0 or 1 for each label, or a number."""

    shown: Any
    length: int
    target: tuple[float, ...]

    @property
    def lengths(self) -> tuple[int]:
        """How much of a batch it takes."""
        return (self.length,)


def labelled_rows(
    shown: Sequence[Any], length: Callable[[Any], int], labels: Sequence[tuple[str, ...]], task: ClassificationConfig
) -> list[LabelledRow]:
    """Inputs with their labels as numbers.

    Raises:
        UserError: a label is none that the model knows, or no number where numbers are asked for.
    """
    target = TARGETS[task.problem]
    targets = [target(one, task.labels or ()) for one in labels]
    return [LabelledRow(one, length(one), wanted) for one, wanted in zip(shown, targets, strict=True)]


def known_labels(labels: Sequence[tuple[str, ...]], problem: str) -> tuple[str, ...] | None:
    """All labels that occur, in alphabetical order; none if labels are numbers."""
    if problem == "regression":
        return None
    return tuple(sorted({label for several in labels for label in several}))


def number_of(label: str, known: Sequence[str]) -> int:
    """The number of a label.

    Raises:
        UserError: it never occurred in training.
    """
    if label not in known:
        raise UserError(f"the label {label!r} never occurs in the examples to train on; {nearest(label, known)}")
    return known.index(label)


def value_of(labels: tuple[str, ...]) -> float:
    """The number that the only label is.

    Raises:
        UserError: it is none, or there are more or fewer.
    """
    try:
        (label,) = labels
        return float(label)
    except ValueError:
        raise UserError(
            f"{', '.join(labels) or 'an empty label'} is no number, and task.problem is regression"
        ) from None


def _single(labels: tuple[str, ...], known: Sequence[str]) -> tuple[float, ...]:
    if len(labels) != 1:
        raise UserError(
            f"an example has {len(labels)} labels ({', '.join(labels) or 'none'}): for any number of them, "
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
