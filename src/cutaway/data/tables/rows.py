"""Tables with an input and a target per row: JSON, Parquet, CSV and TSV.

The two fields are chosen in the configuration, or found by their usual names (see `cutaway.data.tables.names`).
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from cutaway.config.data import DataConfig
from cutaway.data.readers import format_of, read_lines
from cutaway.data.tables.fields import (
    CHOOSE,
    choose_fields,
    chosen_fields,
    find_fields,
    missing_fields,
    numbered_columns,
)
from cutaway.data.tables.names import LABELLED_TEXTS, Wanted
from cutaway.data.tables.records import fields_of, has_names, read_records
from cutaway.errors import UserError, counted, listed, quoted, shortened

MOST_OF_FIELD = 2**31 - 1
"""The most characters of a field of CSV; the library's own limit is 131,072."""
csv.field_size_limit(max(csv.field_size_limit(), MOST_OF_FIELD))
DELIMITERS = (",", ";", "\t", "|")
LOOKED_AT = 20
"""Lines by which the delimiter is found."""
DIRECTIVE = re.compile(r"sep=(.)")
"""A first line by which Excel names the delimiter."""


_REASONS = {
    "unexpected end of data": "a quoted field is not closed",
    "new-line character": "single carriage returns end its lines: save it with line feeds",
}
"""What messages of the library mean."""
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
"""A field as CSV quotes it."""


class Row(NamedTuple):
    """The two fields of a row, and its location: file and line."""

    place: str
    source: Any
    target: Any


def read_table(path: Path, data: DataConfig, skipped: Counter[str], wanted: Wanted = LABELLED_TEXTS) -> Iterator[Row]:
    """The rows of a file: Parquet by its ending, JSON by its content, `.csv`, or otherwise columns separated by tabs.

    A first line of columns is a header if it contains the names of both fields. Without one, there must be two columns,
    or they must be chosen by their numbers, from 1. Blank lines are skipped and counted. A field that a later row of
    JSON lacks is None.

    Args:
        path: the file.
        data: may choose the two fields, and whether there is a header.
        skipped: counts blank lines.
        wanted: the usual names of the two fields.

    Raises:
        UserError: while reading: no such field; another number of columns; or what was read as the first row looks like
            a header, because its label does not recur although the others do; says in which line.
    """
    return (_read_named if has_names(path) else _read_columns)(path, data, skipped, wanted)


def _read_named(path: Path, data: DataConfig, skipped: Counter[str], wanted: Wanted) -> Iterator[Row]:
    place, fields = fields_of(path)
    if not fields:
        skipped["empty"] += sum(1 for _ in read_records(path))
        return
    source, target = choose_fields(fields, data, wanted, place)
    for place, row in read_records(path, (source, target)):
        if not row:
            skipped["empty"] += 1
        elif source not in row:
            raise UserError(f"{place}: no field {quoted(source)}; there are: {listed(row)} ({CHOOSE})")
        else:
            yield Row(place, row[source], row.get(target))


def _read_columns(path: Path, data: DataConfig, skipped: Counter[str], wanted: Wanted) -> Iterator[Row]:
    width, source, target = 0, 0, 1
    first: _FirstRow | None = None
    for number, row in read_cells(path):
        place = f"{path}, line {number}"
        if not any(cell.strip() for cell in row):
            skipped["empty"] += 1
        elif not width:
            width = len(row)
            source, target, is_header = _columns(row, data, wanted, place)
            if not is_header:
                first = _FirstRow(place, row[source], row[target])
                yield Row(f"{place}, which is read as no header", row[source], row[target])
        elif len(row) == width:
            if first is not None:
                first.see(row[target])
            yield Row(place, row[source], row[target])
        else:
            raise UserError(f"{place}: {counted(len(row), 'column')}, where the first line has {width}")
    if first is not None and data.header is None and wanted.recurs:
        first.refuse_header()


class _FirstRow:
    """The first row of a table without a header, until its label recurs."""

    def __init__(self, place: str, source: str, target: str) -> None:
        self._place, self._cells = place, (source, target)
        self._label = target.strip()
        self._recurs = not self._label
        self._others: set[str] = set()
        self._count = 0
        self._are_numbers = not _is_number(self._label)

    def see(self, label: str) -> None:
        """Takes the label of another row into account."""
        if self._recurs or not label.strip():
            return
        self._recurs = label.strip() == self._label
        self._others.add(label.strip())
        self._count += 1
        self._are_numbers = self._are_numbers and _is_number(label)

    def refuse_header(self) -> None:
        """Refuses the row if the others have labels that recur, or numbers.

        Raises:
            UserError: it has the only label that occurs once.
        """
        do_others_recur = self._count >= max(3, 2 * len(self._others))
        if not self._recurs and (do_others_recur or (self._count and self._are_numbers)):
            field, target = (shortened(cell.strip()) for cell in self._cells)
            raise UserError(
                f"{self._place} looks like a header, because no other line has the label {quoted(self._cells[1])}: "
                f"choose its columns with data.field={field} data.target={target}, or write data.header=no if it "
                f"is a row"
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The cells of a CSV file, or otherwise of columns separated by tabs, each row with the number of its last line."""
    return _read_csv(path) if format_of(path) == ".csv" else _read_tsv(path)


def _read_csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    first = list(islice(read_lines(path), LOOKED_AT))
    directive = DIRECTIVE.fullmatch(first[0]) if first else None
    delimiter = directive[1] if directive else separator_of(first)[0]
    is_spaced = bool(first) and not directive and _is_spaced(first[0], delimiter)
    lines = (line + "\n" for line in islice(read_lines(path), 1 if directive else 0, None))
    reader = csv.reader(lines, strict=True, delimiter=delimiter, skipinitialspace=is_spaced)
    try:
        for row in reader:
            yield reader.line_num + bool(directive), row
    except csv.Error as error:
        reason = next((words for part, words in _REASONS.items() if part in str(error)), str(error))
        raise UserError(f"{path}, line {reader.line_num + bool(directive)}: no CSV ({reason})") from error


def separator_of(lines: Sequence[str]) -> tuple[str, int]:
    """What is between the columns of CSV, and their number, by the first lines.

    It is what gives every line the same number of columns, two or more; preferably without a space after it, as after
    a comma in a text.
    """
    widths = {one: _widths(lines, one) for one in DELIMITERS}
    found = [one for one in DELIMITERS if min(widths[one], default=0) == max(widths[one], default=0) > 1]
    found.sort(key=lambda one: _is_spaced(lines[0], one))
    delimiter = next((one for one in (*found, *DELIMITERS) if lines and one in lines[0]), DELIMITERS[0])
    return delimiter, max(widths[delimiter], default=0)


def _widths(lines: Sequence[str], delimiter: str) -> list[int]:
    """The numbers of columns of the rows in these lines, of which the last may be cut short."""
    try:
        widths = [len(row) for row in csv.reader((line + "\n" for line in lines), delimiter=delimiter) if row]
    except csv.Error:  # told when the file is read
        return []
    return widths if len(lines) < LOOKED_AT else widths[:-1]


def _is_spaced(first: str, delimiter: str) -> bool:
    """Whether a space follows each delimiter of a line."""
    following = first.split(delimiter)[1:]
    return bool(following) and all(cell.startswith(" ") for cell in following)


def _read_tsv(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Only tabs are special: a lone quote is common in such files and does not start a quoted field.

    Programs that quote, such as pandas, double the quotes in a field: such a field is unquoted. If the first line has
    only quoted fields, all are unquoted.
    """
    are_quoted = False
    for number, line in enumerate(read_lines(path), start=1):
        cells = line.split("\t")
        if number == 1:
            are_quoted = all(_QUOTED.fullmatch(cell) for cell in cells)
        yield number, [_unquoted(cell, are_quoted) for cell in cells]


def _unquoted(cell: str, is_quoted: bool) -> str:
    match = _QUOTED.fullmatch(cell)
    return match[1].replace('""', '"') if match and (is_quoted or '""' in match[1]) else cell


def _columns(row: list[str], data: DataConfig, wanted: Wanted, place: str) -> tuple[int, int, bool]:
    """The numbers of the two columns, from 0, by the first row; and whether it is a header.

    Raises:
        UserError: they are not known; says what the first row is.
    """
    columns = numbered_columns(row, data, place)
    source, target = find_fields(row, data, wanted) if columns is None and data.header is not False else (None, None)
    if source is not None and target is not None:
        return row.index(source), row.index(target), True
    if columns is None and chosen_fields(data) != (None, None):
        raise missing_fields(row, data, wanted, place)
    if columns is None and len(row) != 2:
        raise UserError(
            f"{place}: {counted(len(row), 'column')}: two are expected, or a header that names "
            f"{wanted.what}, but this line is: {listed(row)} ({CHOOSE})"
        )
    return (*(columns or (0, 1)), bool(data.header))
