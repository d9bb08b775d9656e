"""What a verb is given: words on the command line, a file of lines, or standard input."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cutaway.errors import UserError

Model = Annotated[Path, typer.Argument(help="A run folder.")]
Texts = Annotated[list[str] | None, typer.Argument(help="One text, or several.")]
Numbers = Annotated[list[str] | None, typer.Argument(help="Numbers, with spaces between them.")]
File = Annotated[Path | None, typer.Option(help="A file with a text a line, - for standard input; empty lines count.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]


def given(texts: Sequence[str] | None, file: Path | None) -> list[str]:
    """The texts that a person gives.

    Raises:
        UserError: there are none, or both kinds, or the file cannot be read.
    """
    if file is None:
        if not texts:
            raise UserError("nothing is given to work on: write it behind the run folder, or give --file, one a line")
        return list(texts)
    if texts:
        raise UserError(f"give texts or --file {file}, not both")
    lines = read_file(file).split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    if not lines:
        raise UserError(f"{file} is empty")
    return [line.rstrip("\r") for line in lines]


def given_numbers(words: Sequence[str] | None, file: Path | None) -> list[list[int]]:
    """Rows of numbers: the one on the command line, or those of a file, a row a line.

    Raises:
        UserError: as `given` says, or a word is no whole number.
    """
    lines = given([" ".join(words)] if words else None, file)
    return [[_whole(word) for word in line.split()] for line in lines]


def _whole(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise UserError(f"{word!r} is no whole number: give numbers with spaces between them") from None


def read_file(file: Path) -> str:
    """The text of a file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is not text: no UTF-8 from byte {error.start} on") from error
