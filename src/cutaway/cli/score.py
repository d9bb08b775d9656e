"""`cutaway score`."""

import math
from typing import Annotated

import typer

from cutaway.cli.arguments import Device, Dtype, Model, Quantize, open_model
from cutaway.cli.show import AsJSON, print_json, print_table
from cutaway.errors import counted


def score(
    model: Model,
    text: Annotated[str, typer.Argument(help="What to score.")],
    device: Device = "auto",
    dtype: Dtype = None,
    quantize: Quantize = None,
    json: AsJSON = False,
) -> None:
    """Print the log-probability of each token of a text, given those before it.

    For example:

    cutaway score runs/nano "import this"
    """
    scores = open_model(model, device, dtype, quantize).score(text)
    total = math.fsum(value for _, value in scores)
    if json:
        tokens = [{"token": piece, "log_probability": value} for piece, value in scores]
        print_json({"tokens": tokens, "log_probability": total, "perplexity": math.exp(-total / len(scores))})
        return
    print_table(
        ["token", "log probability", "probability"],
        [[repr(piece), value, math.exp(value)] for piece, value in scores],
    )
    print(f"sum {total:.4f} nats, {math.exp(-total / len(scores)):.2f} perplexity over {counted(len(scores), 'token')}")
