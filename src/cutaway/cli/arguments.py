"""What a verb is given: words on the command line, a file of lines, or standard input."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.errors import UserError

if TYPE_CHECKING:
    from cutaway.pipeline import Pipeline

Model = Annotated[Path, typer.Argument(help="A run folder, a Hugging Face folder or name, or a GGUF file.")]
Texts = Annotated[list[str] | None, typer.Argument(help="One text, or several.")]
Numbers = Annotated[list[str] | None, typer.Argument(help="Numbers, with spaces between them.")]
File = Annotated[Path | None, typer.Option(help="A file with a text a line, - for standard input; empty lines count.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]


def open_model(model: Path, device: str, *, average: int = 1) -> "Pipeline":
    """The model that a person names; what was not taken over as it stood goes to standard error, a line each."""
    from cutaway.pipeline import load

    pipeline = load(model, device, average=average)
    for note in pipeline.notes:
        print(f"note: {note}", file=sys.stderr)
    return pipeline


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
