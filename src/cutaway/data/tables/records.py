"""Rows whose fields have names: JSON lines, a JSON array, Parquet, or what the reader of another package reads.

JSON is recognised by its content, under any name.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from cutaway.data.readers import (
    BLOCK_BYTES,
    flat,
    format_of,
    opened,
    parquet_fields,
    parse_row,
    plugin_reader,
    read_parquet,
)
from cutaway.data.tables.json_rows import rows_of
from cutaway.errors import UserError

JSON_LINES = (".jsonl", ".ndjson")
TABLES = (".tsv", ".csv", *JSON_LINES, ".json", ".parquet")
"""Endings of tables."""
LOOKED_AT = 100
"""Rows whose fields are looked at to find those that are named."""

Record = tuple[str, dict[str, Any]]
"""The location of a row, in words, and its fields by name, those of objects as in `flat`."""


def json_kind(path: Path) -> str | None:
    """`.jsonl` for a JSON object per line, `.json` for one value with all rows, None for what is not JSON.

    Raises:
        UserError: the file cannot be read.
    """
    ending = format_of(path)
    if ending == ".parquet" or plugin_reader(path) is not None:
        return None
    if path.exists() and not path.is_file():  # a pipe can be read once only
        return ".jsonl" if ending in JSON_LINES else None
    start = _start(path)
    if start.startswith(b"["):
        is_array = start[1:].lstrip().startswith((b"{", b"]"))
        return ".json" if is_array or ending in (*JSON_LINES, ".json") else None
    if ending in JSON_LINES:
        return ".jsonl"
    if start.startswith(b"{") and (b"\n" in start or len(start) < BLOCK_BYTES):
        first, *others = _first_lines(path)
        if isinstance(value := _value(first), dict):
            return ".jsonl" if others or rows_of(value) is None else ".json"
    return ".json" if ending == ".json" else None


def has_names(path: Path) -> bool:
    """Whether the rows of a file name their fields, so that it has no header.

    Raises:
        UserError: the file cannot be read.
    """
    return format_of(path) == ".parquet" or plugin_reader(path) is not None or json_kind(path) is not None


def read_records(path: Path, fields: Collection[str] | None = None) -> Iterator[Record]:
    """The rows of a file of which `has_names` is true. An empty line of JSON lines is a row without fields.

    Args:
        path: the file.
        fields: those that are needed, if it is known.

    Raises:
        UserError: at once or while reading: it is damaged, or a row is not an object.
    """
    if format_of(path) == ".parquet":
        return _numbered(path, map(flat, read_parquet(path, fields)))
    if (read := plugin_reader(path)) is not None:
        return _numbered(path, read(path))
    return _read_array(path) if json_kind(path) == ".json" else _read_json_lines(path)


def fields_of(path: Path) -> tuple[str, list[str]]:
    """The location of the first row with fields, and the names of all fields of the first rows.

    Raises:
        UserError: the file cannot be read.
    """
    if format_of(path) == ".parquet":
        return str(path), parquet_fields(path)
    first = [(place, row) for place, row in islice(read_records(path), LOOKED_AT) if row]
    return first[0][0] if first else str(path), list(dict.fromkeys(name for _, row in first for name in row))


def _numbered(path: Path, rows: Iterable[dict[str, Any]]) -> Iterator[Record]:
    return ((f"{path}, row {number}", row) for number, row in enumerate(rows, start=1))


def _start(path: Path) -> bytes:
    """The first bytes after a byte order mark and space."""
    with opened(path) as file:
        return file.read(BLOCK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()


def _first_lines(path: Path) -> list[bytes]:
    """The first two lines that are not blank, without a byte order mark."""
    with opened(path) as file:
        lines = (line.removeprefix(b"\xef\xbb\xbf") for line in file)
        return list(islice((line for line in lines if line.strip()), 2))


def _value(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _read_json_lines(path: Path) -> Iterator[Record]:
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            place = f"{path}, line {number}"
            yield place, (parse_row(line, place) if line.strip() else {})


def _read_array(path: Path) -> Iterator[Record]:
    """The rows of a JSON value, as in `rows_of`."""
    with opened(path) as file:
        content = file.read()
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: invalid JSON ({error})") from error
    rows = rows_of(value)
    if rows is None:
        raise UserError(f"{path}: an array of JSON objects, one per example, or an object per line was expected")
    return _numbered(path, map(flat, rows))
