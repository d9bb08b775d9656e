"""The first rows of a table in any format, and whether its first line names the columns."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cutaway.data.tables.names import LANGUAGES, is_known, normal
from cutaway.data.tables.records import has_names, read_records
from cutaway.data.tables.rows import read_cells
from cutaway.errors import counted, listed

MOST_ROWS = 1000
"""Rows that are looked at."""
SHOWN = 8
"""Columns that are named in a message."""


@dataclass(frozen=True)
class Table:
    """The first rows of a table.

    Attributes:
        columns: the values of each column by its name; by number (0, 1) if the table has no header.
        is_cut: whether there are more rows.
    """

    columns: dict[Any, list[Any]]
    is_cut: bool

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [name for name in self.columns if isinstance(name, str)]

    @property
    def shown(self) -> str:
        """The columns, in words."""
        names = [name.strip() for name in self.names]
        if not names:
            return f"{counted(len(self.columns), 'column')} without names"
        return f"column{'s' * (len(names) > 1)} {listed(names, SHOWN)}"


def read_head(path: Path, header: bool | None = None) -> Table:
    """The first rows of a table in any format.

    Args:
        path: the table.
        header: whether its first line names the columns; None if that is to be seen.

    Raises:
        UserError: a row cannot be read.
    """
    if has_names(path):
        return _of_dicts(row for _, row in read_records(path) if row)
    cells = (row for _, row in read_cells(path) if any(cell.strip() for cell in row))
    rows, is_cut = _first(cells)
    width = len(rows[0]) if rows else 0
    has_header = bool(rows) and (_is_header(rows) if header is None else header)
    names: Sequence[Any] = rows[0] if has_header else range(width)
    whole = [row for row in rows[has_header:] if len(row) == width]
    named = [(i, name) for i, name in enumerate(names) if not has_header or name.strip()]
    return Table({name: [row[i] for row in whole] for i, name in named}, is_cut)


def number_of(value: Any) -> float | None:
    """A finite number, also as it is written; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: by a usual name, or because the cells below are of another kind."""
    first = [normal(cell) for cell in rows[0]]
    if len(first) < 2 or len(set(first)) < 2:
        return False
    if any(map(is_known, first)) or (len(first) == 2 and set(first) <= LANGUAGES):
        return True
    below = [row for row in rows[1:] if len(row) == len(first)]
    return any(_is_above(name, [row[i].strip() for row in below]) for i, name in enumerate(rows[0]) if name.strip())


def _is_above(name: str, cells: Sequence[str]) -> bool:
    """Whether all cells but the first of a column are numbers, or labels that recur."""
    if not cells or number_of(name) is not None or name.strip() in cells:
        return False
    return all(number_of(cell) is not None for cell in cells) or len(cells) >= max(3, 2 * len(set(cells)))


def _of_dicts(rows: Iterable[dict[str, Any]]) -> Table:
    found, is_cut = _first(rows)
    names = dict.fromkeys(name for row in found for name in row)
    return Table({name: [row.get(name) for row in found] for name in names}, is_cut)


def _first(rows: Iterable[Any]) -> tuple[list[Any], bool]:
    iterator: Iterator[Any] = iter(rows)
    found = list(islice(iterator, MOST_ROWS))
    return found, next(iterator, None) is not None
