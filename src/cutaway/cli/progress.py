"""What a person sees while a run trains: one live line, and a line that stays for each evaluation."""

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

from cutaway.cli.show import size
from cutaway.model.device import peak_memory
from cutaway.training.callbacks import Callback
from cutaway.training.checkpoints import Progress as Done

console = Console(stderr=True)


def say(text: str) -> None:
    """Tells a person something, as it is: no colours, no marks, no line broken."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def live_line(*columns: ProgressColumn) -> Progress:
    """A line that moves, where there is a person to see it."""
    return Progress(*columns, console=console, transient=True, disable=not console.is_interactive)


class PreparationBar:
    """Shows how much of the text has become tokens."""

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
        """Told by the preparation how many characters are done."""
        if self._task is None:
            self._task = self._progress.add_task("", total=total)
        self._progress.update(self._task, completed=done, total=total)


class TrainingBar(Callback):
    """Told by the loop what happens; shows step, loss, speed, time left and memory.

    Args:
        headline: what to say when training begins.
        steps: how many there will be.
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
        """Says what begins, and shows the line."""
        say(self._headline)
        self._progress.update(self._task, completed=progress.step)
        self._progress.start()

    def log(self, progress: Done, figures: Mapping[str, float]) -> None:
        """Moves the line on."""
        self._training_loss = f"training loss {figures['loss']:.3f}  "
        peak = peak_memory()
        memory = "" if peak is None else f"  {size(peak)}"
        text = f"loss {figures['loss']:.3f}  {figures['tokens_per_second']:,.0f} tokens/s{memory}"
        self._progress.update(self._task, completed=progress.step, figures=text)

    def evaluate(self, progress: Done, figures: Mapping[str, float]) -> None:
        """Leaves a line."""
        best = "  best" if progress.best_step == progress.step else ""
        losses = f"{self._training_loss}validation loss {figures['loss']:.3f}"
        if "accuracy" in figures:
            losses += f"  accuracy {figures['accuracy']:.1%}"
        say(f"step {progress.step:>6,}  {losses}  {progress.seconds:,.0f} s{best}")

    def close(self) -> None:
        """Takes the line away, even if training fails."""
        self._progress.stop()

    def sample(self, step: int, text: str) -> None:
        """Shows what the model wrote, letter by letter as it wrote it."""
        console.print(Panel(Text(text), title=f"written at step {step:,}", title_align="left"))
