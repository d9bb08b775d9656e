"""One column of a table: inputs of a trained model, or documents of a text."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from cutaway.config.data import DataConfig
from cutaway.data.readers import format_of, opened, plugin_reader, split_lines, text_of
from cutaway.data.tables.names import FILES, SOURCES, TEXTS, is_known, languages_in, named, same
from cutaway.data.tables.records import TABLES, fields_of, has_names, json_kind, read_records
from cutaway.data.tables.rows import read_cells, separator_of
from cutaway.data.tables.tagged import ENDINGS as TAGGED
from cutaway.data.tables.tagged import has_lists, read_tagged
from cutaway.errors import UserError, counted, listed

FORMATS = (*TABLES, *TAGGED)
"""Endings of files that are read as tables or as sentences in columns."""
COLUMNS = (*SOURCES, *FILES, *TEXTS)
"""Names of a column of inputs; the first of these that a table has is read."""
SEEN, BYTES_SEEN = 5, 1 << 16
"""Lines and bytes that are looked at to see whether a text is a table."""


class Cell(NamedTuple):
    """A value of a column, the name of the column, and the location: file and line."""

    place: str
    name: str
    value: Any


def read_inputs(path: Path, field: str = COLUMNS[0]) -> list[str]:
    """The column of inputs of a table in any format, which may be compressed (`.gz`); or the words of tagged sentences.

    The column is `field`, that with which a model was trained, or else the first of `COLUMNS` that there is. A first
    row that contains one is a header. Without one, there must be one column. Blank lines are skipped. Empty inputs are
    not: they keep their places. A path is relative to the table, as in training.

    Raises:
        UserError: no column has such a name, a row has another number of columns, or the file cannot be read.
    """
    if format_of(path) in TAGGED or has_lists(path):
        return [" ".join(one.words) for one in read_tagged(path, DataConfig(), Counter())]
    return [_input(cell, path) for cell in read_column(path, (field, *COLUMNS))]


def read_column(path: Path, names: Sequence[str], advice: str = "name it in the first line") -> Iterator[Cell]:
    """The values of the first of the columns that a table has.

    Raises:
        UserError: while reading, for the reasons given in `read_inputs`.
    """
    return (_read_field if has_names(path) else _read_cells)(path, names, advice)


def is_table(path: Path) -> bool:
    """Whether a text file is a table by its ending, or JSON by its content; `read_file` knows Parquet and JSON lines.

    Raises:
        UserError: it cannot be read; or it looks like a table with a header, and its ending does not say so.
    """
    kind, ending = json_kind(path), format_of(path)
    if ending == ".parquet" or plugin_reader(path) is not None or kind == ending == ".jsonl":
        return False
    if ending in TABLES or kind is not None:
        return True
    with opened(path) as file:
        lines = [line for line in split_lines(file.read(BYTES_SEEN).decode(errors="replace"))[:SEEN] if line.strip()]
    delimiter, _ = separator_of(lines)
    names = lines[0].split(delimiter) if lines else []
    has_header = sum(map(is_known, names)) > 1 or (len(names) == 2 and len(languages_in(names)) == 2)
    if has_header and len(lines) > 1 and all(line.count(delimiter) >= len(names) - 1 for line in lines):
        raise UserError(
            f"{path} looks like a table with the columns {listed(name.strip() for name in names)}: rename it to .csv "
            f"or .tsv to read one of them (choose with data.field), or give it through standard input, --data -, to "
            f"learn it as it is"
        )
    return False


def read_documents(path: Path, field: str) -> Iterator[list[str]]:
    """The texts in a column of a table, each as a document.

    Raises:
        UserError: while reading: there is no such column, or the file cannot be read.
    """
    cells = read_column(path, (field,), "choose the column of the text with data.field")
    try:
        first = next(cells, None)
    except UserError as error:
        raise UserError(f"{error}; to learn the file as it is, give it through standard input, --data -") from error
    if first is not None:
        for cell in chain([first], cells):
            yield [text_of(cell.value, f"{cell.place}, field {field!r}")]


def _read_field(path: Path, names: Sequence[str], advice: str) -> Iterator[Cell]:
    place, fields = fields_of(path)
    if fields:
        name = _named(fields, names, place, advice)
        for place, row in read_records(path, (name,)):
            if row and name not in row:
                raise UserError(f"{place}: no field {name!r}; there are: {listed(row)}")
            if row:
                yield Cell(place, name, row[name])


def _read_cells(path: Path, names: Sequence[str], advice: str) -> Iterator[Cell]:
    column, first = 0, list[str]()
    for number, row in read_cells(path):
        place = f"{path}, line {number}"
        if not any(cell.strip() for cell in row):
            continue
        if not first:
            first = row
            if len(row) > 1 or _find(row, names) is not None:
                column = row.index(_named(row, names, place, advice))
                continue
        if len(row) != len(first):
            raise UserError(f"{place}: {counted(len(row), 'column')}, where the first line has {len(first)}")
        yield Cell(place, first[column], row[column])


def _input(cell: Cell, table: Path) -> str:
    text = text_of(cell.value, cell.place)
    return str(table.parent / text) if named([cell.name], FILES) else text


def _find(fields: Sequence[str], names: Sequence[str]) -> str | None:
    return same(fields, names[0]) or named(fields, names)


def _named(fields: Sequence[str], names: Sequence[str], place: str, advice: str) -> str:
    found = _find(fields, names)
    if found is None:
        wanted = " or ".join(list(dict.fromkeys(names))[:2])
        raise UserError(f"{place}: no column is called {wanted}, but {listed(fields, 8)}: {advice}")
    return found
