"""`cutaway embed`."""

from typing import Annotated

import typer

from cutaway.cli.inputs import Device, File, Model, Texts, given
from cutaway.cli.show import AsJSON, print_json


def embed(
    model: Model,
    text: Texts = None,
    file: File = None,
    pooling: Annotated[str, typer.Option(help="mean, cls, max or last: how many tokens become one vector.")] = "mean",
    device: Device = "auto",
    json: AsJSON = False,
) -> None:
    """Print a vector for each text: one a line, or with --json beside its text."""
    from cutaway.pipeline import load

    texts = given(text, file)
    vectors = load(model, device).embed(texts, pooling=pooling)
    if json:
        print_json([{"text": one, "embedding": vector} for one, vector in zip(texts, vectors, strict=True)])
        return
    for vector in vectors:
        print(" ".join(f"{number:.6g}" for number in vector))
