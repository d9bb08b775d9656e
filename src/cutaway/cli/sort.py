"""`cutaway sort`, `reverse` and `copy`, for models trained for them."""

from collections.abc import Callable

from cutaway.cli.arguments import Device, Model, Numbers, NumbersFile, given_numbers, open_model
from cutaway.cli.show import AsJSON, print_json


def command(operation: str, help_text: str) -> Callable[..., None]:
    """The command for an operation."""

    def compute(
        model: Model, numbers: Numbers = None, file: NumbersFile = None, device: Device = "auto", json: AsJSON = False
    ) -> None:
        rows = given_numbers(numbers, file)
        found = open_model(model, device).compute(operation, rows)
        if json:
            print_json([{"numbers": row, "result": result} for row, result in zip(rows, found, strict=True)])
            return
        for result in found:
            print(*result)

    compute.__name__, compute.__doc__ = operation, help_text
    return compute


sort = command("sort", "Sort numbers with a model trained for it.")
reverse = command("reverse", "Reverse numbers with a model trained for it.")
copy = command("copy", "Copy numbers with a model trained for it.")
