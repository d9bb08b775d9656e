"""`cutaway sort`, and `reverse`, `copy` and `add`: whichever a model has learnt."""

from collections.abc import Callable
from typing import Annotated

import typer

from cutaway.cli.inputs import Device, File, Model, given
from cutaway.cli.show import AsJSON, print_json
from cutaway.errors import UserError

Numbers = Annotated[list[str] | None, typer.Argument(help="Numbers; of a sum: two, one digit after the other.")]


def command(operation: str, help_text: str) -> Callable[..., None]:
    """The command for an operation."""

    def compute(
        model: Model, numbers: Numbers = None, file: File = None, device: Device = "auto", json: AsJSON = False
    ) -> None:
        from cutaway.pipeline import load

        lines = given(None if numbers is None else [" ".join(numbers)], file)
        rows = [[whole(word) for word in line.split()] for line in lines]
        found = load(model, device).compute(operation, rows)
        if json:
            print_json([{"numbers": row, "result": result} for row, result in zip(rows, found, strict=True)])
            return
        for result in found:
            print(*result)

    compute.__name__, compute.__doc__ = operation, help_text
    return compute


def whole(word: str) -> int:
    """A number as a person writes it.

    Raises:
        UserError: it is none.
    """
    try:
        return int(word)
    except ValueError:
        raise UserError(f"{word!r} is no whole number: give numbers with spaces between them") from None


sort = command("sort", "Sort numbers, by a model that learnt to.")
