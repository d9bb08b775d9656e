"""`cutaway evaluate`."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cutaway.cli.show import AsJSON, print_facts, print_json


def evaluate(
    model: Annotated[Path, typer.Argument(help="A run folder.")],
    data: Annotated[
        str | None, typer.Option(help="A text, read as a whole; the run's own validation part if not given.")
    ] = None,
    field: Annotated[str, typer.Option(help="Of JSONL and Parquet: the field that holds the text.")] = "text",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    json: AsJSON = False,
) -> None:
    """Measure how well a model predicts a text: loss in nats, perplexity, bits a character."""
    from cutaway.config.data import DataConfig
    from cutaway.pipeline import load
    from cutaway.runs import evaluate_pipeline, evaluate_validation

    pipeline = load(model, device)
    if data is None:
        figures = evaluate_validation(pipeline, model)
    else:
        with TemporaryDirectory() as scratch:
            figures = evaluate_pipeline(pipeline, DataConfig(path=data, field=field), Path(scratch) / "tokens")
    if json:
        print_json(figures)
    else:
        print_facts(figures)
