"""Tables with an input and a target per row: JSONL, CSV and TSV.

The two fields are chosen in the configuration, or found by the usual names.
"""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cutaway.config.data import DataConfig
from cutaway.data.readers import format_of, opened, parse_row, plugin_reader, read_lines
from cutaway.errors import UserError

SOURCES = ("text", "sentence", "document", "prompt", "source")
TARGETS = ("label", "labels", "summary", "completion", "target", "caption")


_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
"""A field as CSV quotes it."""


class Row(NamedTuple):
    """The two fields of a row, and its location: file and line."""

    place: str
    source: Any
    target: Any


def read_table(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Row]:
    """The rows of a file, by its ending: `.jsonl`, `.csv`, or otherwise columns separated by tabs.

    A first line of columns that contains the names of both fields is a header. Without one, there must be two columns.
    Blank lines are skipped and counted.

    Raises:
        UserError: while reading: no such field, or another number of columns; says in which line.
    """
    if format_of(path) == ".jsonl":
        return _read_jsonl(path, data, skipped)
    if (read := plugin_reader(path)) is not None:
        return _read_rows(read(path), path, data)
    return _read_columns(path, data, skipped)


def _read_rows(rows: Iterable[dict[str, Any]], path: Path, data: DataConfig) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        place = f"{path}, row {number}"
        source, target = _choose(row, data, place)
        yield Row(place, row[source], row[target])


def _read_jsonl(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Row]:
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            place = f"{path}, line {number}"
            if line.strip():
                row = parse_row(line, place)
                source, target = _choose(row, data, place)
                yield Row(place, row[source], row[target])
            else:
                skipped["empty"] += 1


def _read_columns(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Row]:
    width, columns = 0, (0, 1)
    for number, row in read_cells(path):
        place = f"{path}, line {number}"
        if not any(cell.strip() for cell in row):
            skipped["empty"] += 1
        elif not width:
            width = len(row)
            if _is_header(row, data):
                source, target = _choose(row, data, place)
                columns = row.index(source), row.index(target)
            elif width == 2:
                yield Row(place, *row)
            else:
                raise UserError(f"{place}: {width} columns: two are expected, or a header that names them")
        elif len(row) == width:
            yield Row(place, row[columns[0]], row[columns[1]])
        else:
            raise UserError(f"{place}: {len(row)} columns, where the first line has {width}")


def read_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The cells of a CSV file, or otherwise of columns separated by tabs, each row with the number of its last line."""
    return _read_csv(path) if format_of(path) == ".csv" else _read_tsv(path)


def _read_csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line + "\n" for line in read_lines(path)), strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: no CSV ({error})") from error


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


def _candidates(data: DataConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The possible names of each of the two fields."""
    is_chosen = data.field != DataConfig().field
    return (data.field,) if is_chosen else SOURCES, (data.target,) if data.target else TARGETS


def _is_header(row: list[str], data: DataConfig) -> bool:
    """Whether the first line is a header; it must be if the configuration chooses a field."""
    is_chosen = data.field != DataConfig().field or data.target is not None
    return is_chosen or all(any(name in row for name in names) for names in _candidates(data))


def _choose(fields: Collection[str], data: DataConfig, place: str) -> tuple[str, str]:
    """The names of the two fields.

    Raises:
        UserError: one is missing; lists the fields.
    """
    source, target = _candidates(data)
    return _first(source, fields, place, "data.field"), _first(target, fields, place, "data.target")


def _first(names: tuple[str, ...], fields: Collection[str], place: str, key: str) -> str:
    for name in names:
        if name in fields:
            return name
    there = ", ".join(map(str, fields)) or "none"
    raise UserError(f"{place}: no field {' or '.join(map(repr, names))}; there are: {there} (choose with {key})")
