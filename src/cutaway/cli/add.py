"""`cutaway add`."""

from cutaway.cli.arguments import Device, Model, Numbers, NumbersFile, given_numbers, open_model
from cutaway.cli.show import AsJSON, print_json
from cutaway.errors import UserError


def add(
    model: Model, numbers: Numbers = None, file: NumbersFile = None, device: Device = "auto", json: AsJSON = False
) -> None:
    """Add two numbers with a model trained for it."""
    rows = given_numbers(numbers, file)
    for row in rows:
        if len(row) != 2:
            raise UserError(f"two numbers are added, not {len(row)}: give two, or a file with two per line")
    found = open_model(model, device).add_all([(row[0], row[1]) for row in rows])
    if json:
        print_json([{"numbers": row, "result": result} for row, result in zip(rows, found, strict=True)])
        return
    for result in found:
        print(result)
