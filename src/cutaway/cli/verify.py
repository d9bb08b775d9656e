"""`cutaway verify`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.cli.completion import complete_runs
from cutaway.cli.show import AsJSON, print_json
from cutaway.display import program
from cutaway.errors import UserError

if TYPE_CHECKING:
    from cutaway.runs.verification import Verification


def verify(
    run: Annotated[Path, typer.Argument(help="A run folder.", autocompletion=complete_runs)],
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept all files as they are, after deliberate edits.")
    ] = False,
    json: AsJSON = False,
) -> None:
    """Compare every file of a run with the digest that was recorded when it was written. Exit 1 if one differs."""
    from cutaway.runs.verification import accept_run, verify_run

    found = accept_run(run) if accept else verify_run(run)
    if json:
        print_json(as_json(found))
    else:
        for file in found.failures:
            print(f"{file.path} {file.complaint}")
        print(found.summary)
    if not found.passed:
        raise typer.Exit(1)


def as_json(found: "Verification") -> dict[str, object]:
    """The files that are not as they were written, and the number of all."""
    wrong = {file.path: file.complaint for file in found.files if file.complaint is not None}
    return {"files": len(found.files), "passed": found.passed, "complaints": wrong}


def require_verified(model: Path) -> None:
    """Refuses a run folder with files that are not as they were written.

    Raises:
        UserError: names the first.
    """
    from cutaway.model.run_folder import RunFolder
    from cutaway.runs.verification import verify_run

    if not RunFolder(model).run.exists():
        return
    for file in verify_run(model).failures:
        raise UserError(
            f"{model / file.path} {file.complaint}: copy it back, or accept all files as they are with "
            f"{program()} verify {model} --accept"
        )
