"""`cutaway evaluate`."""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.cli.arguments import Device, Model, open_model
from cutaway.cli.show import AsJSON, print_facts, print_json, print_table

if TYPE_CHECKING:
    from cutaway.metrics.report import Report


def evaluate(
    model: Model,
    data: Annotated[
        str | None, typer.Option(help="A text or examples, all of which are used; default: what the run held out.")
    ] = None,
    field: Annotated[str | None, typer.Option(help="The field, column or file ending of the input.")] = None,
    target: Annotated[str | None, typer.Option(help="The field, column or file ending of the target.")] = None,
    num_beams: Annotated[int, typer.Option("--num-beams", "--beams", help="Number of beams, for generated texts.")] = 5,
    length_penalty: Annotated[float, typer.Option(help="For generated texts: above 0, prefer longer ones.")] = 1.0,
    tokenize: Annotated[str, typer.Option(help="Tokenization of BLEU: 13a, none, intl, char.")] = "13a",
    average: Annotated[int, typer.Option(help="Average this many last checkpoints; 1: the best weights.")] = 1,
    device: Device = "auto",
    json: AsJSON = False,
) -> None:
    """Measure a model with the usual metric of its task.

    For example:

    cutaway evaluate runs/nano

    cutaway evaluate runs/pairs --data test.tsv --num-beams 1
    """
    from cutaway.config.data import DataConfig
    from cutaway.errors import UserError
    from cutaway.runs.evaluation import evaluate_data, evaluate_run
    from cutaway.tasks.task import EvaluationOptions

    if data is None and (field or target):
        raise UserError("--field and --target describe other data: give it with --data too")
    pipeline = open_model(model, device, average=average)
    options = EvaluationOptions(num_beams=num_beams, length_penalty=length_penalty, tokenize=tokenize)
    if options != EvaluationOptions() and not pipeline.config.task.spec.searches:
        raise UserError("--num-beams, --length-penalty and --tokenize are for models that write a text from a source")
    if data is None:
        report = evaluate_run(pipeline, model, options)
    else:
        own = pipeline.config.data
        chosen = DataConfig(path=data, field=field or own.field, target=target or own.target)
        # Windows cannot remove mapped files: tokens stay there while an exception refers to them.
        with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            report = evaluate_data(pipeline, chosen, Path(scratch) / "tokens", options)
    if json:
        print_json(asdict(report))
    else:
        show(report)


def show(report: "Report") -> None:
    """Prints figures, then those of each part, then how they were computed."""
    print_facts(report.figures)
    if report.parts:
        columns = list(next(iter(report.parts.values())))
        print()
        print_table(["", *columns], [[name, *part.values()] for name, part in report.parts.items()])
    if report.signatures:
        print()
        print_facts(report.signatures)
