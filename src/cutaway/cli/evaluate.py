"""`cutaway evaluate`."""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.cli.arguments import Device, Dtype, Model, Quantize, open_model
from cutaway.cli.show import AsJSON, print_facts, print_json, print_table

if TYPE_CHECKING:
    from cutaway.metrics.report import Report
    from cutaway.pipeline import Pipeline


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
    dtype: Dtype = None,
    quantize: Quantize = None,
    json: AsJSON = False,
) -> None:
    """Measure a model with the usual metric of its task.

    For example:

    cutaway evaluate runs/nano

    cutaway evaluate runs/pairs --data test.tsv --num-beams 1
    """
    from cutaway.config.data import DataConfig
    from cutaway.errors import UserError
    from cutaway.model.formats import require_format
    from cutaway.runs.evaluation import evaluate_data, evaluate_run
    from cutaway.tasks.task import EvaluationOptions

    if data is None and (field or target):
        raise UserError("--field and --target describe other data: give it with --data too")
    require_format(quantize)
    pipeline = open_model(model, device, dtype, average=average)
    options = EvaluationOptions(num_beams=num_beams, length_penalty=length_penalty, tokenize=tokenize)
    if options != EvaluationOptions() and not pipeline.config.task.spec.searches:
        raise UserError("--num-beams, --length-penalty and --tokenize are for models that write a text from a source")

    def measured(pipeline: "Pipeline") -> "Report":
        if data is None:
            return evaluate_run(pipeline, model, options)
        own = pipeline.config.data
        chosen = DataConfig(path=data, field=field or own.field, target=target or own.target)
        # Windows cannot remove mapped files: tokens stay there while an exception refers to them.
        with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            return evaluate_data(pipeline, chosen, Path(scratch) / "tokens", options)

    report = measured(pipeline)
    if quantize is None:
        print_json(asdict(report)) if json else show(report)
        return
    quantized = measured(open_model(model, device, dtype, quantize, average=average))
    if json:
        print_json({**asdict(quantized), "unquantized": asdict(report)})
    else:
        show_both(report, quantized, quantize)


def show_both(before: "Report", after: "Report", quantize: str) -> None:
    """Prints the figures of a model before and after it was quantized."""
    print_table(
        ["", "unquantized", quantize], [[name, value, after.figures[name]] for name, value in before.figures.items()]
    )


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
