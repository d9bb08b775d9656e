"""Files that a table names, each with what the table says of it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cutaway.config.data import DataConfig
from cutaway.data.readers import text_of
from cutaway.data.tables.rows import read_table

COLUMN = "path"
"""What names the files, if no other column is chosen."""


class Listed(NamedTuple):
    """A file, what is said of it, and where: table and line."""

    place: str
    file: Path
    said: Any


def read_listed(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Listed]:
    """The files of a table, whose paths begin where the table lies. Rows without a path are skipped and counted.

    Raises:
        UserError: on the way, as `read_table` says.
    """
    is_chosen = data.field != DataConfig().field
    for row in read_table(path, data if is_chosen else data.model_copy(update={"field": COLUMN}), skipped):
        if name := text_of(row.source, row.place).strip():
            yield Listed(row.place, path.parent / Path(name).expanduser(), row.target)
        else:
            skipped["empty"] += 1
