"""The result of every metric, and the checks of its inputs."""

from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cutaway.display import figure, html_table
from cutaway.errors import UserError, counted

Figures: TypeAlias = dict[str, float | int]
"""By name; counts are integers."""


@dataclass(frozen=True)
class Report:
    """Figures of one evaluation; `dataclasses.asdict` converts it to JSON.

    Attributes:
        figures: over all examples, by the field's names; fractions are in percent.
        signatures: how a figure was computed, where several ways are in use.
        parts: figures by class, entity type or length, in a fixed order.
    """

    figures: Figures
    signatures: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Figures] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Report({', '.join(f'{name} {figure(value)}' for name, value in self.figures.items())})"

    def _repr_html_(self) -> str:
        tables = [html_table(["figure", ""], list(self.figures.items()))]
        if self.parts:
            columns = list(next(iter(self.parts.values())))
            tables.append(html_table(["", *columns], [[name, *part.values()] for name, part in self.parts.items()]))
        if self.signatures:
            tables.append(html_table(["computed as", ""], list(self.signatures.items())))
        return "".join(tables)


def percent(part: int, whole: int) -> float:
    """The fraction in percent; 0 / 0 is 0."""
    return 100 * part / whole if whole else 0.0


def rows_by_class(names: Iterable[str], *columns: Iterable[Any]) -> dict[str, Figures]:
    """The parts of a report by class, from columns of precision, recall and F1 (0 to 1) and of support.

    Support is the number of true examples of the class.
    """
    return {
        name: {"precision": 100 * float(p), "recall": 100 * float(r), "f1": 100 * float(f1), "support": int(support)}
        for name, p, r, f1, support in zip(names, *columns, strict=True)
    }


def check_counts(predicted: Sized, true: Sized) -> None:
    """Requires one prediction per example, and at least one example.

    Raises:
        UserError: the counts differ, or there are no examples.
    """
    if len(predicted) != len(true):
        raise UserError(
            f"{counted(len(predicted), 'prediction')} for {counted(len(true), 'example')}: "
            f"give one for each, in the same order"
        )
    if not len(true):
        raise UserError("there are no examples to measure: give at least one")
