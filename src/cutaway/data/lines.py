"""The lines of a text file."""

from collections.abc import Iterator
from pathlib import Path

from cutaway.data.readers import opened
from cutaway.errors import UserError


def read_lines(path: Path) -> Iterator[str]:
    """The lines without their ends: a line feed, alone or after a carriage return.

    Raises:
        UserError: while reading: a line is not UTF-8.
    """
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise UserError(f"{path}, line {number}: not text: no UTF-8; convert it to UTF-8") from error
            yield text.removesuffix("\n").removesuffix("\r")
