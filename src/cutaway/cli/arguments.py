"""Arguments of several commands: the model, texts from the command line, a file or standard input, and sampling."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from cutaway.cli.completion import complete_choices, complete_runs
from cutaway.devices import DEVICE_NAMES
from cutaway.errors import UserError

if TYPE_CHECKING:
    from cutaway.pipeline import Pipeline

STANDARD_INPUT = "standard input"

Model = Annotated[
    Path,
    typer.Argument(help="A run folder, a Hugging Face folder or name, or a GGUF file.", autocompletion=complete_runs),
]
Texts = Annotated[list[str] | None, typer.Argument(help="One text, or several.")]
Numbers = Annotated[list[str] | None, typer.Argument(help="Numbers, separated by spaces.")]
File = Annotated[
    Path | None,
    typer.Option(help="A file with one text per line, a table with a column of texts, or - for standard input."),
]
NumbersFile = Annotated[
    Path | None, typer.Option(help="A file with the numbers of one input per line, or - for standard input.")
]
Device = Annotated[str, typer.Option(help=f"{DEVICE_NAMES}.")]

Dtype = Annotated[
    str | None,
    typer.Option(help="Compute in fp32, bf16 or fp16, with weights in the form that is fastest on this machine."),
]
Quantize = Annotated[str | None, typer.Option(help="Store the weights of linear layers in 8 or 4 bits: q8 or q4.")]

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PRESET|RUN.yaml [key=value]...",
        help="What to train, and choices to change.",
        autocompletion=complete_choices,
    ),
]
Steps = Annotated[int | None, typer.Option(help="Optimizer steps (train.steps).")]
Epochs = Annotated[float | None, typer.Option(help="Passes over the data, instead of steps (train.epochs).")]
BatchSize = Annotated[int | None, typer.Option(help="Examples or windows per step (train.batch_size).")]
LearningRate = Annotated[
    float | None, typer.Option("--lr", "--learning-rate", help="Highest learning rate (train.optimizer.learning_rate).")
]
Context = Annotated[int | None, typer.Option(help="Longest input in tokens (model.context).")]

Temperature = Annotated[float, typer.Option(help="0 always takes the most likely token.")]
TopK = Annotated[int | None, typer.Option(help="Sample from this many of the most likely tokens.")]
TopP = Annotated[float | None, typer.Option(help="Sample from the fewest tokens with this total probability.")]
MinP = Annotated[float | None, typer.Option(help="Least probability, as a fraction of the highest.")]
MaxNewTokens = Annotated[
    int | None,
    typer.Option(help="Longest continuation, in tokens; by default 200, or as many as the context has room for."),
]
Overflow = Annotated[
    str,
    typer.Option(help="A text that may outgrow the context is an error (error), or loses its beginning (slide)."),
]
Draft = Annotated[
    str | None,
    typer.Option(
        metavar="PATH|lookup",
        help="Guess tokens by a smaller model with the same tokenizer, or look them up in the text, and verify several "
        "at once.",
    ),
]
RepetitionPenalty = Annotated[float, typer.Option(help="Above 1: avoid tokens that the text contains.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same text.")]


def open_model(
    model: Path, device: str, dtype: str | None = None, quantize: str | None = None, *, average: int = 1
) -> "Pipeline":
    """Loads a model; prints what was changed or left out in an import to standard error."""
    from cutaway.pipeline import load

    pipeline = load(model, device, dtype, quantize=quantize, average=average)
    for note in pipeline.notes:
        print(f"note: {note}", file=sys.stderr)
    return pipeline


def given(
    texts: Sequence[str] | None, file: Path | None, model: Path | None = None, *, has_tables: bool = True
) -> list[str]:
    """The texts of a command; of a table, the column that the model was trained with, if it has it.

    Raises:
        UserError: there are none, or they are given in both ways, the file cannot be read, or the column of texts in a
            table is unknown.
    """
    if file is None:
        if not texts:
            raise UserError("no input is given: write it after the model, or give --file with one input per line")
        return list(texts)
    if texts:
        raise UserError(f"give texts or --file {file}, not both")
    from cutaway.data.readers import format_of, split_lines
    from cutaway.data.tables.inputs import FORMATS, read_inputs

    is_table = has_tables and format_of(file) in FORMATS
    lines = read_inputs(file, *_trained_field(model)) if is_table else split_lines(read_file(file))
    if not lines:
        raise UserError(f"{file} is empty")
    return lines


def _trained_field(model: Path | None) -> tuple[str, ...]:
    """The field that a run was trained with; nothing for other models."""
    from cutaway.config.reading import load_run
    from cutaway.model.run_folder import RunFolder

    run = None if model is None else RunFolder(model).run
    return (load_run(run).data.field,) if run is not None and run.is_file() else ()


def given_numbers(words: Sequence[str] | None, file: Path | None) -> list[list[int]]:
    """Rows of numbers: one on the command line, or one per line of a file.

    Raises:
        UserError: for the reasons given in `given`, or a word is not an integer.
    """
    lines = given([" ".join(words)] if words else None, file, has_tables=False)
    return [[_whole(word) for word in line.split()] for line in lines]


def _whole(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise UserError(f"{word!r} is not a whole number: give numbers separated by spaces") from None


def read_file(file: Path) -> str:
    """The text of a file or of standard input, without a byte order mark.

    Raises:
        UserError: it cannot be read, or is not UTF-8.
    """
    from cutaway.data.readers import opened, read_text

    if str(file) == "-":
        return "".join(read_text(standard_input(), STANDARD_INPUT))
    with opened(file) as opened_file:
        return "".join(read_text(io.BytesIO(opened_file.read()), str(file)))


def standard_input() -> BinaryIO:
    """The bytes of standard input, whatever encoding the terminal has: text is UTF-8, as in files."""
    buffer: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    return io.BytesIO(sys.stdin.read().encode()) if buffer is None else buffer  # replaced, as in a notebook
