"""Inputs of a trained model from one column of a table."""

from collections.abc import Collection
from pathlib import Path

from cutaway.data.readers import format_of, opened, parse_row, text_of
from cutaway.data.tables.rows import read_cells
from cutaway.errors import UserError

FORMATS = (".csv", ".tsv", ".jsonl")
PATH = "path"
COLUMNS = ("text", "sentence", "document", "prompt", "source", PATH, "review", "question")
"""Names of a column of inputs, in upper or lower case; the first of these that a table has is read."""


def read_inputs(path: Path) -> list[str]:
    """The column of inputs of a table: JSONL, CSV or TSV, which may be compressed (`.gz`).

    A first row that contains one of `COLUMNS` is a header. Without one, there must be one column. Blank lines are
    skipped. Empty inputs are not: they keep their places. A path is relative to the table, as in training.

    Raises:
        UserError: no column has such a name, a row has another number of columns, or the file cannot be read.
    """
    return _read_objects(path) if format_of(path) == ".jsonl" else _read_columns(path)


def _read_objects(path: Path) -> list[str]:
    found = []
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                place = f"{path}, line {number}"
                row = parse_row(line, place)
                name = _named(row, place)
                found.append(_input(text_of(row[name], place), name, path))
    return found


def _read_columns(path: Path) -> list[str]:
    rows = [(number, row) for number, row in read_cells(path) if any(cell.strip() for cell in row)]
    if not rows:
        return []
    (number, first), *others = rows
    is_header = len(first) > 1 or first[0].strip().lower() in COLUMNS
    column = first.index(_named(first, f"{path}, line {number}")) if is_header else 0
    for number, row in others:
        if len(row) != len(first):
            raise UserError(f"{path}, line {number}: {len(row)} columns, where the first line has {len(first)}")
    return [_input(row[column], first[column], path) for _, row in (others if is_header else rows)]


def _input(text: str, name: str, table: Path) -> str:
    return str(table.parent / text) if name.strip().lower() == PATH else text


def _named(names: Collection[str], place: str) -> str:
    known = {name.strip().lower(): name for name in names}
    for column in COLUMNS:
        if column in known:
            return known[column]
    there = ", ".join(name[:40] for name in list(names)[:8])
    wanted = " or ".join(COLUMNS[:2])
    raise UserError(f"{place}: no column is called {wanted}, but {there}: name the column of inputs in the first line")
