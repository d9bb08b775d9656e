"""`cutaway fill`."""

from typing import Annotated

import typer

from cutaway.cli.arguments import Device, File, Model, Texts, given, open_model
from cutaway.cli.show import AsJSON, in_one_line, print_json


def fill(
    model: Model,
    text: Texts = None,
    file: File = None,
    top_k: Annotated[int, typer.Option(help="Number of candidates per mask.")] = 5,
    device: Device = "auto",
    json: AsJSON = False,
) -> None:
    """Print the most likely tokens for each mask: cutaway fill RUN "The cat sat on the [MASK]."."""
    texts = given(text, file, model)
    found = open_model(model, device).fill(texts, top_k)
    if json:
        print_json([{"text": one, "masks": masks} for one, masks in zip(texts, found, strict=True)])
        return
    for one, masks in zip(texts, found, strict=True):
        print(in_one_line(one))
        for candidates in masks:
            print("  " + "  ".join(f"{in_one_line(c.token.strip())} {c.probability:.1%}" for c in candidates))
