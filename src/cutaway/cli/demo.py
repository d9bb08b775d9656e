"""`cutaway demo`."""

from pathlib import Path
from typing import Annotated

import typer

from cutaway.cli.show import AsJSON

CHOICES = ("train.steps=300", "train.sample_every=100")


def demo(
    out: Annotated[Path | None, typer.Option(help="The run folder to make; default runs/demo.")] = None,
    json: AsJSON = False,
) -> None:
    """Train a small language model on Python's own documentation, and write its report.

    Takes about a minute and a half on two cores. Nothing is downloaded: the text comes with Python.
    """
    from cutaway.cli.train import train
    from cutaway.runs.run import free_folder

    train(["gpt-nano", *CHOICES], data="python-docs", out=out or free_folder("demo"), json=json)
