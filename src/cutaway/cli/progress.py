"""Progress of training: a live line, and a permanent line per evaluation."""

from collections.abc import Mapping

from rich.console import Console
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from cutaway.display import size
from cutaway.model.device import peak_memory
from cutaway.training.callbacks import Callback
from cutaway.training.checkpoints import Progress as Done

console = Console(stderr=True)


def say(text: str) -> None:
    """Prints a line to standard error, without colours, markup or wrapping."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def live_line(*columns: ProgressColumn) -> Progress:
    """A live line, if standard error is a terminal."""
    return Progress(*columns, console=console, transient=True, disable=not console.is_interactive)


class PreparationBar:
    """Shows how much of the text is tokenized."""

    def __init__(self) -> None:
        columns = (TextColumn("reading the text"), BarColumn(), TextColumn("{task.completed:,.0f} characters"))
        self._progress = live_line(*columns)
        self._task: TaskID | None = None

    def __enter__(self) -> "PreparationBar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, done: int, total: int | None) -> None:
        """Called with the number of characters done."""
        if self._task is None:
            self._task = self._progress.add_task("", total=total)
        self._progress.update(self._task, completed=done, total=total)


class TrainingBar(Callback):
    """Shows step, loss, speed, remaining time and memory.

    Args:
        headline: printed when training starts.
        steps: the number of steps.
    """

    def __init__(self, headline: str, steps: int) -> None:
        self._headline = headline
        columns = (
            TextColumn("step {task.completed:,.0f}/{task.total:,.0f}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self._progress = live_line(*columns)
        self._task = self._progress.add_task("", total=steps, figures="")
        self._training_loss = ""

    def start(self, progress: Done) -> None:
        """Prints the headline and shows the live line."""
        say(self._headline)
        self._progress.update(self._task, completed=progress.step)
        self._progress.start()

    def log(self, progress: Done, figures: Mapping[str, float]) -> None:
        """Updates the live line."""
        self._training_loss = f"training loss {figures['loss']:.3f}  "
        peak = peak_memory()
        memory = "" if peak is None else f"  {size(peak)}"
        text = f"loss {figures['loss']:.3f}  {figures['tokens_per_second']:,.0f} tokens/s{memory}"
        self._progress.update(self._task, completed=progress.step, figures=text)

    def evaluate(self, progress: Done, figures: Mapping[str, float]) -> None:
        """Prints a permanent line."""
        best = "  best" if progress.best_step == progress.step else ""
        losses = f"{self._training_loss}validation loss {figures['loss']:.3f}"
        if "accuracy" in figures:
            losses += f"  accuracy {figures['accuracy']:.1%}"
        say(f"step {progress.step:>6,}  {losses}  {progress.seconds:,.0f} s{best}")

    def close(self) -> None:
        """Removes the live line, even if training fails."""
        self._progress.stop()

    def sample(self, step: int, text: str) -> None:
        """Shows a sample, unchanged."""
        console.print(Panel(Text(text), title=f"sample at step {step:,}", title_align="left"))
