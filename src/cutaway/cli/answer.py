"""`cutaway answer`."""

from pathlib import Path
from typing import Annotated

import typer

from cutaway.cli.arguments import Device, Model, open_model, read_file
from cutaway.cli.show import AsJSON, print_json
from cutaway.errors import UserError


def answer(
    model: Model,
    question: Annotated[str, typer.Argument(help="What to ask.")],
    context: Annotated[str | None, typer.Argument(help="The text that contains the answer.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file with the context, - for standard input.")] = None,
    device: Device = "auto",
    json: AsJSON = False,
) -> None:
    """Find the answer to a question in a text.

    For example:

    cutaway answer runs/facts "Where is it?" "It is in the box."
    """
    if (context is None) == (file is None):
        raise UserError("give one context: a text after the question, or a file with --file")
    text = context if file is None else read_file(file)
    found = open_model(model, device).answer(question, str(text))
    if json:
        print_json(found)
    else:
        print(f"{found.answer}\t{found.probability:.1%}")
