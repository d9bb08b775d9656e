"""What every metric hands back, and what it asks of its examples."""

from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cutaway.errors import UserError

Figures: TypeAlias = dict[str, float | int]
"""By name; counts are whole."""


@dataclass(frozen=True)
class Report:
    """Figures of one evaluation; `dataclasses.asdict` makes it JSON.

    Attributes:
        figures: over all examples, by the field's names; shares are percent, from 0 to 100.
        signatures: of figures that are computed in more than one way in print, how these were.
        parts: figures by class, entity type or length, in a fixed order.
    """

    figures: Figures
    signatures: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Figures] = field(default_factory=dict)


def percent(part: int, whole: int) -> float:
    """The share in percent; nothing of nothing is 0."""
    return 100 * part / whole if whole else 0.0


def rows_by_class(names: Iterable[str], *columns: Iterable[Any]) -> dict[str, Figures]:
    """The parts of a report by class, from columns of precision, recall and F1 (shares of 1) and of support.

    Support is how many true ones there are.
    """
    return {
        name: {"precision": 100 * float(p), "recall": 100 * float(r), "f1": 100 * float(f1), "support": int(support)}
        for name, p, r, f1, support in zip(names, *columns, strict=True)
    }


def check_counts(predicted: Sized, true: Sized) -> None:
    """Asks for one prediction an example, and for at least one example.

    Raises:
        UserError: there are more of one than of the other (both counts), or none at all.
    """
    if len(predicted) != len(true):
        raise UserError(f"{len(predicted)} predictions for {len(true)} examples: give one for each, in the same order")
    if not len(true):
        raise UserError("there are no examples, so nothing can be measured: give at least one")
