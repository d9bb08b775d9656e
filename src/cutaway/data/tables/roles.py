"""What a table's columns mean: from their names, and otherwise from their values."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cutaway.config.data import DataConfig
from cutaway.data.audio.compressed import ENDINGS as SOUNDS
from cutaway.data.images.pixels import ENDINGS as IMAGES
from cutaway.data.readers import format_of
from cutaway.data.tables.fields import chosen_fields
from cutaway.data.tables.names import (
    CAPTIONS,
    CLASSES,
    FILES,
    LANGUAGES,
    NUMBERS,
    PAIRS,
    TEXTS,
    all_named,
    is_known,
    languages_in,
    named,
    normal,
    same,
)
from cutaway.data.tables.records import has_names, read_records
from cutaway.data.tables.rows import read_cells
from cutaway.errors import counted, listed

MOST_ROWS = 1000
"""Rows that are looked at."""
SHOWN = 8
"""Columns that are named in a message."""

FILE_TASKS = ("image_classification", "audio_classification", "image_captioning")
"""Tasks whose tables name files."""


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


@dataclass(frozen=True)
class Roles:
    """What a table is for.

    Attributes:
        task: the kind of task.
        field: the column of the input.
        target: the column of the target, if there is one.
        problem: of a classification.
        detail: what was seen in the columns, in words; may be empty.
    """

    task: str
    field: Any
    target: Any = None
    problem: str = "single_label"
    detail: str = ""


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
    return Table({name: [row[i] for row in whole] for i, name in enumerate(names)}, is_cut)


def roles_of(table: Table, data: DataConfig) -> Roles | None:
    """What a table is for, or None if that is unclear; columns that the configuration chooses are taken as they are."""
    field, target = (None if name is None else _column(table, name) for name in chosen_fields(data))
    if field is not None and target is not None:
        return _labelled(table, field, target) or Roles("sequence_to_sequence", field, target)
    return _files(table, field, target) or _texts(table, field, target) or _by_values(table, field, target)


def _column(table: Table, name: str) -> Any:
    """The column with this name, or with this number, from 1, of a table without a header."""
    found = same(table.names, name)
    has_number = found is None and name.isdecimal() and int(name) - 1 in table.columns
    return int(name) - 1 if has_number else found


def _files(table: Table, field: str | None, target: str | None) -> Roles | None:
    """Images or recordings that the table names."""
    for name in [field] if field else _named(table, FILES):
        endings = {format_of(Path(str(value))) for value in table.columns[name]}
        for task, known in (("image_classification", IMAGES), ("audio_classification", SOUNDS)):
            if not endings or not endings <= set(known):
                continue
            if labels := [target] if target else _named(table, (*CLASSES, *NUMBERS)):
                return _labelled(table, name, labels[0], task)
            if task == "image_classification" and (captions := _named(table, CAPTIONS)):
                return Roles("image_captioning", name, captions[0])
    return None


def _texts(table: Table, field: str | None, target: str | None) -> Roles | None:
    """Texts with targets, by the names of the columns."""
    names = table.names
    for pair in () if named(names, ("context",)) else PAIRS:
        source, other = (named(names, (name,)) for name in pair)
        if None not in (source, other) and field in (None, source) and target in (None, other):
            return Roles("sequence_to_sequence", source, other)
    texts, labels = [field] if field else _named(table, TEXTS), [target] if target else _named(table, CLASSES + NUMBERS)
    if texts and (others := [name for name in labels if name != texts[0]]):
        written = Roles("sequence_to_sequence", texts[0], others[0]) if normal(others[0]) == "target" else None
        return _labelled(table, texts[0], others[0]) or written
    languages = languages_in(names)
    if len(languages) == 2 and field in (None, *languages) and target in (None, *languages):
        source = field or next(name for name in languages if name != target)
        return Roles("sequence_to_sequence", source, next(name for name in languages if name != source))
    if len(names) == 1 and texts:
        return Roles("language_modeling", texts[0])
    return None


def _by_values(table: Table, field: str | None, target: str | None) -> Roles | None:
    """Two columns: texts that differ with labels that recur, or pairs of texts that differ."""
    if len(table.columns) != 2:
        return None
    first, second = table.columns
    source, other = (second, first) if second == field or first == target else (first, second)
    is_free = field is None and target is None
    for one, another in ((source, other), (other, source))[: 1 + is_free]:
        if _is_varied(table.columns[one]) and (found := _labelled(table, one, another)) is not None:
            return found
    are_texts = all(_is_varied(table.columns[name]) for name in (source, other))
    return Roles("sequence_to_sequence", source, other) if are_texts else None


def _is_varied(values: Sequence[Any]) -> bool:
    """Whether values are texts most of which occur once."""
    texts = [value for value in values if isinstance(value, str) and _number(value) is None]
    return len(set(texts)) > len(values) / 2


def _labelled(table: Table, field: Any, target: Any, task: str = "sequence_classification") -> Roles | None:
    """Inputs with labels or numbers; None if the values of the target are neither."""
    values = [value for value in table.columns[target] if value not in (None, "") and value == value]
    if not values:
        return None
    if any(isinstance(value, list) for value in values):
        several = {label for value in values for label in (value if isinstance(value, list) else [value])}
        return Roles(task, field, target, "multi_label", _count(several, table))
    numbers = [number for number in map(_number, values) if number is not None]
    if len(numbers) == len(values) and _is_measured(numbers, target):
        return Roles(task, field, target, "regression", f"numbers from {min(numbers):g} to {max(numbers):g}")
    distinct = set(map(str, values))
    if len(distinct) > max(2, len(values) / 2):
        return None
    return Roles(task, field, target, "single_label", _count(distinct, table))


def _is_measured(numbers: Sequence[float], name: Any) -> bool:
    """Whether numbers are measures and not the numbers of classes."""
    if isinstance(name, str) and normal(name) in NUMBERS:
        return True
    return not all(number.is_integer() for number in numbers) or len(set(numbers)) > max(20, len(numbers) / 2)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _named(table: Table, known: Iterable[str]) -> list[Any]:
    """The columns with these names, in this order."""
    return list(all_named(table.names, known))


def _count(labels: set[Any], table: Table) -> str:
    where = f" in the first {MOST_ROWS:,} rows" if table.is_cut else ""
    return f"{counted(len(labels), 'label')}{where}"


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: by a usual name, or as the only one without a number."""
    first = [normal(cell) for cell in rows[0]]
    if len(set(first)) < len(first) or "" in first or len(first) < 2:
        return False
    if any(map(is_known, first)) or (len(first) == 2 and set(first) <= LANGUAGES):
        return True
    below = [row[-1] for row in rows[1:]]
    return bool(below) and _number(first[-1]) is None and all(_number(cell) is not None for cell in below)


def _of_dicts(rows: Iterable[dict[str, Any]]) -> Table:
    found, is_cut = _first(rows)
    names = dict.fromkeys(name for row in found for name in row)
    return Table({name: [row.get(name) for row in found] for name in names}, is_cut)


def _first(rows: Iterable[Any]) -> tuple[list[Any], bool]:
    iterator: Iterator[Any] = iter(rows)
    found = list(islice(iterator, MOST_ROWS))
    return found, next(iterator, None) is not None
