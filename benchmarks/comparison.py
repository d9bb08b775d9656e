"""Shared by the benchmarks of trained models: opening a run for its task, and printing figures side by side."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cutaway.pipeline import Pipeline, load


def load_trained(run: Path, task: str, *, average: int = 1) -> Pipeline:
    """Opens a run folder; exits with one line if its model was trained for another task."""
    pipeline = load(run, average=average)
    if pipeline.config.task.kind != task:
        sys.exit(f"{run} was trained for {pipeline.config.task.kind}: give a run for {task}")
    return pipeline


def report_left_out(counted: Mapping[str, int]) -> None:
    """Reports on standard error how many examples were skipped or truncated."""
    for reason, count in counted.items():
        print(f"{reason}: {count:,}", file=sys.stderr)


def show(rows: Mapping[str, Mapping[str, float]], *, as_json: bool) -> None:
    """Prints a row of figures for each contestant; all rows have the same columns."""
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    columns = next(iter(rows.values()))
    table = Table("", *columns)
    for name, figures in rows.items():
        table.add_row(name, *(spell(figures[column]) for column in columns))
    Console().print(table)


def spell(figure: float) -> str:
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:.2f}"
