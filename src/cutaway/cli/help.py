"""`cutaway help`."""

from typing import Annotated

import typer

from cutaway.cli.usage import unknown_command
from cutaway.errors import UserError


def help_of(
    context: typer.Context,
    command: Annotated[str | None, typer.Argument(help="The command; default: list all.")] = None,
) -> None:
    """Show the help of a command, like `cutaway COMMAND --help`."""
    root = context.find_root()
    known = getattr(root.command, "commands", {})
    if command is not None and command not in known:
        raise UserError(unknown_command(command, known))
    root.command.main([*([] if command is None else [command]), "--help"], root.info_name, standalone_mode=False)
