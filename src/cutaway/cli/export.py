"""`cutaway export`."""

from pathlib import Path
from typing import Annotated

import typer

from cutaway.cli.arguments import Model, open_model
from cutaway.cli.show import AsJSON, print_json


def export(
    model: Model,
    out: Annotated[Path, typer.Option(help="Where to: a folder; of gguf and onnx, a file.")],
    to: Annotated[str, typer.Option(help="hf (a folder that transformers opens), gguf or onnx.")] = "hf",
    numbers: Annotated[
        str | None, typer.Option(help="How a GGUF file keeps matrices: f32, f16 (if not given), bf16 or q8_0.")
    ] = None,
    json: AsJSON = False,
) -> None:
    """Write a model so that other programs open it, open it again and compare the two."""
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
