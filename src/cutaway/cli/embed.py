"""`cutaway embed`."""

from collections import Counter
from typing import Annotated

import typer

from cutaway.cli.arguments import Device, File, Model, Texts, given, open_model
from cutaway.cli.input_files import opened, tell
from cutaway.cli.show import AsJSON, print_json


def embed(
    model: Model,
    text: Texts = None,
    file: File = None,
    pooling: Annotated[
        str | None,
        typer.Option(help="mean, cls, max or last: from hidden states to one vector; default: the model's own."),
    ] = None,
    device: Device = "auto",
    json: AsJSON = False,
) -> None:
    """Print a vector per text, or per protein of a FASTA file; one per line."""
    words = given(text, file, model)
    pipeline = open_model(model, device)
    pipeline.require("embed")
    left_out: Counter[str] = Counter()
    inputs = opened(words, pipeline.config.task.kind, left_out)
    vectors = pipeline.embed([one.value for one in inputs], pooling=pooling)
    tell(left_out)
    if json:
        print_json([{one.noun: one.name, "embedding": vector} for one, vector in zip(inputs, vectors, strict=True)])
        return
    for vector in vectors:
        print(" ".join(f"{number:.6g}" for number in vector))
