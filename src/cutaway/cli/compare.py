"""`cutaway compare`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cutaway.cli.show import AsJSON, print_json, print_table

FIGURES = ("loss", "perplexity", "bits_per_character", "accuracy", "exact")


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two or more run folders.")],
    json: AsJSON = False,
) -> None:
    """Show how the choices of runs differ, and their results.

    For example:

    cutaway compare runs/nano runs/nano-2
    """
    from cutaway.config.reading import load_run
    from cutaway.errors import UserError
    from cutaway.model.run_folder import RunFolder

    if len(runs) < 2:
        raise UserError("give at least two runs to compare")
    folders = [RunFolder(path) for path in runs]
    for folder in folders:
        folder.require(folder.metrics)
    choices = [flatten(load_run(folder.run).model_dump(mode="json")) for folder in folders]
    keys = dict.fromkeys(key for one in choices for key in one)
    differences = {key: [one.get(key) for one in choices] for key in keys}
    differences = {key: values for key, values in differences.items() if len(set(map(str, values))) > 1}
    results = [outcome(folder.metrics) for folder in folders]
    figures = {key: [one.get(key) for one in results] for key in dict.fromkeys(k for one in results for k in one)}
    if json:
        print_json({"runs": [str(path) for path in runs], "choices": differences, "figures": figures})
        return
    rows = [[key, *map(_shown, values)] for key, values in {**differences, **figures}.items()]
    print_table(["", *map(str, runs)], rows)


def flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested choices by dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def outcome(metrics: Path) -> dict[str, Any]:
    """The best validation figures of a run, and its cost."""
    from cutaway.training.callbacks import read_metrics

    rows = read_metrics(metrics)
    train = [row for row in rows if row["kind"] == "train"]
    validation = [row for row in rows if row["kind"] == "validation"]
    best = min(validation, key=lambda row: row["loss"], default={})
    last = train[-1] if train else {}
    return {
        **{f"validation {name}": best[name] for name in FIGURES if name in best},
        "best step": best.get("step"),
        "training loss": last.get("loss"),
        "steps": last.get("step"),
        "tokens": last.get("tokens"),
        "training seconds": last.get("seconds"),
    }


def _shown(value: Any) -> Any:
    return "-" if value is None else value
