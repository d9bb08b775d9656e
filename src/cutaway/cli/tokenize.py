"""`cutaway tokenize`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cutaway.cli.show import AsJSON, print_json, print_table


def tokenize(
    model: Annotated[Path, typer.Argument(help="A run folder, or a tokenizer.json.")],
    text: Annotated[str, typer.Argument(help="The text to tokenize.")],
    merges: Annotated[bool, typer.Option("--merges", help="Show the merges of byte-pair encoding per word.")] = False,
    source: Annotated[bool, typer.Option("--source", help="Use the tokenizer of sources.")] = False,
    json: AsJSON = False,
) -> None:
    """Show the tokens of a text.

    For example:

    cutaway tokenize runs/nano "a red house"
    """
    from cutaway.text.tokenizer import Tokenizer

    tokenizer = Tokenizer.load(_file(model, source))
    ids = tokenizer.encode(text)
    pieces, unknown = tokenizer.pieces(ids), tokenizer.count_unknown(ids)
    words = tokenizer.merges(text) if merges else []
    if json:
        tokens = [{"token": piece, "id": token} for piece, token in zip(pieces, ids, strict=True)]
        result: dict[str, Any] = {"tokens": tokens, "unknown": unknown}
        print_json({**result, "merges": words} if merges else result)
        return
    for steps in words:
        for step in steps:
            print(" ".join(map(repr, step)))
        print()
    print_table(["token", "id"], [[repr(piece), str(token)] for piece, token in zip(pieces, ids, strict=True)])
    from cutaway.errors import counted

    print(f"{counted(len(ids), 'token')}, {unknown} of them unknown, for {counted(len(text), 'character')}")


def _file(model: Path, source: bool) -> Path:
    from cutaway.config.reading import load_run
    from cutaway.errors import UserError
    from cutaway.model.run_folder import RunFolder

    if model.is_file():
        if source:
            raise UserError(f"--source is for run folders with two tokenizers, but {model} is a file: remove it")
        return model
    folder = RunFolder(model)
    folder.require()
    if not load_run(folder.run).task.spec.has_text:
        raise UserError(f"the model in {model} has no text, and so no tokenizer")
    folder.require(folder.tokenizer)
    if not source:
        return folder.tokenizer
    file = folder.path / "source_tokenizer.json"
    if not file.exists():
        raise UserError(f"the run folder {model} has one tokenizer for both sides: remove --source")
    return file
