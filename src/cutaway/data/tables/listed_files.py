"""Files named by a table."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cutaway.config.data import DataConfig
from cutaway.data.readers import text_of
from cutaway.data.tables.names import LABELLED_FILES, Wanted
from cutaway.data.tables.rows import read_table


class Listed(NamedTuple):
    """A file, its label or caption, and its location: table and line."""

    place: str
    file: Path
    target: Any


def read_listed(
    path: Path, data: DataConfig, skipped: Counter[str], wanted: Wanted = LABELLED_FILES
) -> Iterator[Listed]:
    """The files of a table, with paths relative to it. Rows without a path are skipped and counted.

    Raises:
        UserError: while reading, for the reasons given in `read_table`.
    """
    for row in read_table(path, data, skipped, wanted):
        if name := text_of(row.source, row.place).strip():
            yield Listed(row.place, path.parent / Path(name).expanduser(), row.target)
        else:
            skipped["empty"] += 1
