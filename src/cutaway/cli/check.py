"""`cutaway check`."""

import math
from typing import TYPE_CHECKING, Any

import typer

from cutaway.cli.arguments import Device, Dtype, Model, Quantize, open_model
from cutaway.cli.show import AsJSON, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from cutaway.runs.checking import Checked, CheckReport


def check(
    model: Model, device: Device = "auto", dtype: Dtype = None, quantize: Quantize = None, json: AsJSON = False
) -> None:
    """Measure properties that every correct model has, such as independence of padding and cache. Exit 1 on failure.

    The files of a run are compared with their digests first.
    """
    from cutaway.cli.verify import require_verified
    from cutaway.progress import tracked
    from cutaway.runs.checking import check_pipeline

    require_verified(model)
    report = check_pipeline(
        open_model(model, device, dtype, quantize), lambda found, total: tracked(found, "checking", total)
    )
    if json:
        print_json({"properties": [as_json(one) for one in report.properties]})
    else:
        show(report)
    if not report.passed:
        raise typer.Exit(1)


def as_json(one: "Checked") -> dict[str, Any]:
    """A property and what was measured. JSON has no NaN, so it is written as text."""
    row = {"property": one.name, "verdict": one.verdict, "failure_means": one.failure_means}
    if one.measured is None:
        return row | {"reason": one.reason}
    number = one.measured if math.isfinite(one.measured) else str(one.measured)
    return row | {"measured": number, "bound": one.bound, "unit": one.unit, "culprit": one.culprit}


def show(report: "CheckReport") -> None:
    """Prints what was measured, as wide as the terminal, then what does not apply, then the counts."""
    from rich.console import Console

    from cutaway.runs.checking import INAPPLICABLE

    console = Console(highlight=False, markup=False)
    console.print(table_of(report))
    console.print()
    reasons: dict[str, list[str]] = {}
    for one in report.properties:
        if one.measured is None:
            reasons.setdefault(one.reason, []).append(one.name)
    for reason, names in reasons.items():
        console.print(f"{INAPPLICABLE}: {', '.join(names)} ({reason})")
    console.print(report.summary)


def table_of(report: "CheckReport") -> "Table":
    """A row per measured property."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="none")
    table.add_column("property", no_wrap=True)
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("bound", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what a failure means")
    for one in report.properties:
        if one.measured is not None and one.bound is not None:
            word, style = ("pass", None) if one.verdict == "pass" else ("FAIL", "bold red")
            table.add_row(one.name, f"{one.measured:.2g}", f"{one.bound:.2g}", word, one.explanation, style=style)
    return table
