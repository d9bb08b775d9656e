"""`cutaway export`."""

from pathlib import Path
from typing import Annotated

import typer

from cutaway.cli.arguments import Model, open_model
from cutaway.cli.show import AsJSON, print_json


def export(
    model: Model,
    out: Annotated[Path, typer.Option(help="The folder to write; for gguf and onnx, the file.")],
    to: Annotated[str, typer.Option(help="hf (a folder that transformers opens), gguf or onnx.")] = "hf",
    numbers: Annotated[
        str | None, typer.Option(help="Number format of matrices in a GGUF file: f32, f16 (default), bf16 or q8_0.")
    ] = None,
    json: AsJSON = False,
) -> None:
    """Write a model for other programs, load it again, and compare the two.

    For example:

    cutaway export runs/nano --out nano-for-transformers

    cutaway export runs/nano --to gguf --out nano.gguf
    """
    exported = open_model(model, "cpu").export(out, to, numbers=numbers)
    if json:
        print_json(
            {
                "path": str(exported.path),
                "format": exported.format,
                "difference": exported.difference,
                "against": exported.against,
            }
        )
        return
    print(f"{exported.path}: {exported.format}, opened again by {exported.against}")
    print(f"largest difference of logits: {exported.difference:.1e} of the largest")
