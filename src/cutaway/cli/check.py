"""`cutaway check`."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from cutaway.cli.arguments import Device, Model, open_model
from cutaway.cli.show import AsJSON, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from cutaway.checks.measure import Measurement
    from cutaway.checks.properties import Finding
    from cutaway.checks.subject import Reference, Subject
    from cutaway.pipeline import Pipeline

INAPPLICABLE = "not for this model"


def check(model: Model, device: Device = "auto", json: AsJSON = False) -> None:
    """Measure properties that every correct model has, such as independence of padding and cache. Exit 1 on failure."""
    findings = measured(subject_of(open_model(model, device)))
    if json:
        print_json({"properties": [as_json(one) for one in findings]})
    else:
        show(findings)
    if "fail" in map(verdict, findings):
        raise typer.Exit(1)


def subject_of(pipeline: "Pipeline") -> "Subject":
    """The model to check."""
    from cutaway.checks.example_batches import SOURCE, TARGET
    from cutaway.checks.subject import make_subject

    tokenizers = {TARGET: pipeline.tokenizer} if pipeline.config.task.spec.has_text else {}
    if pipeline.source_tokenizer is not None:
        tokenizers[SOURCE] = pipeline.source_tokenizer
    return make_subject(pipeline.model, pipeline.config, tokenizers, reference_of(pipeline))


def reference_of(pipeline: "Pipeline") -> "Reference | None":
    """The implementation of the same model in `transformers`, if it came from a folder for that library."""
    from cutaway.hub.reference import open_reference

    if pipeline.opened is None or not pipeline.opened.path.is_dir():
        return None
    return open_reference(pipeline.opened.path, pipeline.model.head)


def measured(subject: "Subject") -> list["Finding"]:
    """All findings, with a progress line."""
    from rich.progress import BarColumn, TextColumn

    from cutaway.checks.properties import PROPERTIES
    from cutaway.checks.properties import check as find
    from cutaway.cli.progress import live_line

    with live_line(TextColumn("checking"), BarColumn(), TextColumn("{task.completed} of {task.total}")) as line:
        return list(line.track(find(subject), total=len(PROPERTIES)))


def verdict(finding: "Finding") -> str:
    """Whether a property holds."""
    from cutaway.checks.measure import NotForThis

    _, outcome = finding
    if isinstance(outcome, NotForThis):
        return INAPPLICABLE
    return "pass" if outcome.passes else "fail"


def as_json(finding: "Finding") -> dict[str, Any]:
    """A property and its finding. JSON has no NaN, so it is written as text."""
    from cutaway.checks.measure import NotForThis

    tested, outcome = finding
    row = {"property": tested.name, "verdict": verdict(finding), "failure_means": tested.failure}
    if isinstance(outcome, NotForThis):
        return row | {"reason": outcome.reason}
    number = outcome.measured if math.isfinite(outcome.measured) else str(outcome.measured)
    return row | {"measured": number, "bound": outcome.bound, "unit": tested.unit, "culprit": outcome.culprit}


def show(findings: Sequence["Finding"]) -> None:
    """Prints what was measured, as wide as the terminal, then what does not apply, then the counts."""
    from rich.console import Console

    from cutaway.checks.measure import NotForThis

    console = Console(highlight=False, markup=False)
    console.print(table_of(findings))
    console.print()
    reasons: dict[str, list[str]] = {}
    for tested, outcome in findings:
        if isinstance(outcome, NotForThis):
            reasons.setdefault(outcome.reason, []).append(tested.name)
    for reason, names in reasons.items():
        console.print(f"{INAPPLICABLE}: {', '.join(names)} ({reason})")
    verdicts = [verdict(one) for one in findings]
    counts = {"hold": "pass", "fail": "fail", f"are {INAPPLICABLE}": INAPPLICABLE}
    console.print(", ".join(f"{verdicts.count(one)} {words}" for words, one in counts.items()))


def table_of(findings: Sequence["Finding"]) -> "Table":
    """A row per measured property."""
    from rich.table import Table

    from cutaway.checks.measure import Measurement

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="none")
    table.add_column("property", no_wrap=True)
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("bound", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what a failure means")
    for tested, outcome in findings:
        if isinstance(outcome, Measurement):
            numbers = [f"{number:.2g}" for number in (outcome.measured, outcome.bound)]
            word, style = ("pass", None) if outcome.passes else ("FAIL", "bold red")
            table.add_row(tested.name, *numbers, word, explain(tested.failure, outcome), style=style)
    return table


def explain(failure: str, outcome: "Measurement") -> str:
    """What a failure means, and its cause if known."""
    return f"{failure}: {outcome.culprit}" if outcome.culprit and not outcome.passes else failure
