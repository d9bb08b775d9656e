"""`cutaway train --find-lr`: a learning rate range test, without starting a run."""

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cutaway.cli.show import print_json, print_table

if TYPE_CHECKING:
    from cutaway.config.run import RunConfig
    from cutaway.pipeline import Pipeline
    from cutaway.training.rate_range import RateRange

ROWS = 20
BAR = 40


def find_rate(config: "RunConfig", origin: "Pipeline | None", json: bool) -> None:
    """Prints the loss while the learning rate rises, and a suggested rate. Nothing else is written."""
    # Windows cannot remove mapped files: tokens stay there while an exception refers to them.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        config, found = searched(config, origin, Path(scratch) / "run")
    if json:
        figures = {"rates": found.rates, "losses": found.losses, "diverged": found.diverged}
        print_json({**figures, "suggested": found.suggested})
        return
    print_range(found)
    print()
    print(advice(found, config))


def searched(config: "RunConfig", origin: "Pipeline | None", folder: Path) -> "tuple[RunConfig, RateRange]":
    """The choices of a run prepared in this folder, and the result; the folder is no longer in use afterwards."""
    from cutaway.progress import LiveLine, PreparationBar
    from cutaway.runs.run import start
    from cutaway.training import rate_range

    with PreparationBar() as bar:
        run = start(config, folder, bar, origin)
    with run.lock.in_use(), LiveLine("step", rate_range.STEPS) as line:
        found = rate_range.find_rate(
            run.model,
            run.dataset.training_data(),
            run.config.train,
            lambda done: line.update(done, (f"{done}/{rate_range.STEPS}", 0)),
        )
    return run.config, found


def print_range(found: "RateRange") -> None:
    """Prints every few steps: the learning rate, the loss, and a bar proportional to it."""
    stride = math.ceil(len(found.rates) / ROWS)
    marked = {step for step in (found.least, len(found.rates) - 1) if step is not None}
    shown = sorted({*range(0, len(found.rates), stride), *marked})
    most = max(found.losses)
    rows = [
        [
            f"{found.rates[step]:.1e}",
            f"{found.losses[step]:.4f}",
            "█" * round(BAR * found.losses[step] / most) + ("  least" if step == found.least else ""),
        ]
        for step in shown
    ]
    print_table(["rate", "loss", ""], rows)


def advice(found: "RateRange", config: "RunConfig") -> str:
    """The suggestion."""
    end = "the loss diverged" if found.diverged else "the loss never diverged"
    if found.suggested is None:
        return f"{end}, and never fell: the model does not train at any of these rates"
    optimizer = config.train.optimizer
    choices = [f"train.optimizer.learning_rate={found.suggested:.1e}"]
    if optimizer.kind == "muon":
        rate = optimizer.adamw.learning_rate * found.suggested / optimizer.learning_rate
        choices.append(f"train.optimizer.adamw.learning_rate={rate:.1e}")
    return f"{end}; a tenth of the rate with the lowest loss: {' '.join(choices)}"
