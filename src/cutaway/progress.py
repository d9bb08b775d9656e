"""Progress: a live line as wide as the terminal, and a permanent line for each evaluation."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import TextIO, TypeVar, cast

from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress, ProgressColumn, Task, TaskID
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cutaway.display import ErrorDisplay, count, size
from cutaway.errors import counted
from cutaway.model.device import peak_memory
from cutaway.pipeline.exporting import unexportable
from cutaway.runs.run import Run
from cutaway.runs.session import TrainedRun, how_to_go_on, train_run
from cutaway.training.callbacks import Callback
from cutaway.training.checkpoints import Progress as Done
from cutaway.training.freezing import freeze

SMOOTHING = 0.9
"""Weight of the earlier speed in the moving average."""
QUIET_SECONDS = 60
"""Without a live line, a line of figures is printed at most this often."""

Item = TypeVar("Item")

console = Console(file=cast(TextIO, ErrorDisplay()))


def say(text: str) -> None:
    """Prints a line to standard error, without colours, markup or wrapping."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def is_live() -> bool:
    """Whether a line can be redrawn: in a terminal, and in a notebook that has ipywidgets."""
    return find_spec("ipywidgets") is not None if console.is_jupyter else console.is_interactive


class FittedLine(ProgressColumn):
    """The fields of a task in one line, with a bar if there is room; the least important are left out if there is not.

    A task has `fields["parts"]`: texts in the order of the line, each with its importance (0 is never left out).
    """

    BAR = 10
    """The fewest columns of a bar."""

    def render(self, task: Task) -> Table:
        """The line, as wide as the console."""
        width = console.width - 1
        parts = [(text, rank) for text, rank in task.fields["parts"] if text]
        least = max((rank for _, rank in parts), default=0)
        while least > 0 and _width(parts, 1) > width:
            parts = [part for part in parts if part[1] < least]
            least = max((rank for _, rank in parts), default=0)
        gap = 2 if _width(parts, 2) <= width else 1
        cells: list[Text | ProgressBar] = [Text(text, no_wrap=True) for text, _ in parts]
        room = width - _width(parts, gap) - gap
        if room >= self.BAR and task.total:
            cells.insert(1, ProgressBar(task.total, task.completed, width=min(24, room)))
        line = Table.grid(padding=(0, gap, 0, 0))
        line.add_row(*cells)
        return line


class LiveLine:
    """A line that is redrawn, if it can be.

    Args:
        what: its first words.
        total: the number of steps, or None while it is unknown.
    """

    def __init__(self, what: str, total: float | None = None) -> None:
        self._what = what
        self._progress = Progress(FittedLine(), console=console, transient=True, disable=not is_live())
        self._task: TaskID = self._progress.add_task("", total=total, parts=[(what, 0)])

    def __enter__(self) -> "LiveLine":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @property
    def is_shown(self) -> bool:
        """Whether it can be seen."""
        return not self._progress.disable

    def update(self, done: float, *parts: tuple[str, int], total: float | None = None) -> None:
        """Redraws the line, with these texts, each with its importance (0 is never left out)."""
        self._progress.update(self._task, total=total, completed=done, parts=[(self._what, 0), *parts])

    def refresh(self) -> None:
        """Redraws now, before something that takes long."""
        if self._progress.live.is_started:
            self._progress.refresh()


def tracked(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """Yields items, with a live line that counts them."""
    with LiveLine(what, total) as line:
        for number, item in enumerate(items, 1):
            line.update(number, (f"{number} of {total}", 0))
            yield item


class PreparationBar(LiveLine):
    """Shows how much of the data has been read."""

    def __init__(self) -> None:
        super().__init__("reading the data")

    def __enter__(self) -> "PreparationBar":
        super().__enter__()
        return self

    def __call__(self, done: int, total: int | None) -> None:
        """Called with the amount that has been read, and with the total if it is known."""
        self.update(done, (f"{done:,}", 1), total=total)


class TrainingBar(Callback):
    """Shows step, loss, smoothed speed, elapsed and remaining time, and memory.

    Args:
        headline: a line or several, printed when training starts.
        steps: the number of steps.
        clock: seconds, from any origin.
    """

    def __init__(self, headline: str, steps: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._headline = headline
        self._steps = steps
        self._clock = clock
        self._line = LiveLine("", steps)
        self._loss: float | None = None
        self._speed: float | None = None
        self._began = self._said = self._warm = 0.0
        self._warm_step = steps
        self._last = Done()
        self._is_stopping = False

    def start(self, progress: Done) -> None:
        """Prints the headline and shows the live line."""
        say(self._headline)
        self._began = self._said = self._clock()
        self._last = _copy(progress)
        self._line.__enter__()
        self._show(progress)

    def step(self, progress: Done) -> None:
        """Updates the live line."""
        if (
            self._warm_step == self._steps
        ):  # the first step is slow: the remaining time is estimated from those after it
            self._warm, self._warm_step = self._clock(), progress.step
        seconds, tokens = progress.seconds - self._last.seconds, progress.tokens - self._last.tokens
        if seconds > 0:
            speed = tokens / seconds
            self._speed = speed if self._speed is None else SMOOTHING * self._speed + (1 - SMOOTHING) * speed
        self._last = _copy(progress)
        self._show(progress)

    def compiled(self, seconds: float) -> None:
        """Prints a permanent line."""
        say(f"compiled: the first step took {seconds:.1f} s")

    def log(self, progress: Done, figures: Mapping[str, float]) -> None:
        """Remembers the loss; prints a line now and then where there is no live one."""
        self._loss = figures["loss"]
        now = self._clock()
        if not self._line.is_shown and now - self._said >= QUIET_SECONDS:
            self._said = now
            say("  ".join(text for text, _ in self._parts(progress) if text))

    def evaluate(self, progress: Done, figures: Mapping[str, float]) -> None:
        """Prints a permanent line."""
        best = "  best" if progress.best_step == progress.step else ""
        losses = "" if self._loss is None else f"training loss {self._loss:.3f}  "
        losses += f"validation loss {figures['loss']:.3f}"
        if "accuracy" in figures:
            losses += f"  accuracy {figures['accuracy']:.1%}"
        self._said = self._clock()
        say(f"step {progress.step:>6,}  {losses}  {progress.seconds:,.0f} s{best}")

    def stopping(self) -> None:
        """Says that the signal was understood; saving may take seconds."""
        self._is_stopping = True
        say("finishing this step and saving… (Ctrl-C again quits at once, back to the last checkpoint)")
        self._line.update(self._last.step, ("saving…", 0))
        self._line.refresh()

    def close(self) -> None:
        """Removes the live line, even if training fails."""
        self._line.__exit__()

    def sample(self, step: int, text: str) -> None:
        """Shows a sample, unchanged."""
        console.print(Panel(Text(text), title=f"sample at step {step:,}", title_align="left"))

    def _show(self, progress: Done) -> None:
        if not self._is_stopping:
            self._line.update(progress.step, *self._parts(progress))

    def _parts(self, progress: Done) -> list[tuple[str, int]]:
        now = self._clock()
        done = progress.step - self._warm_step
        left = f"{_time((self._steps - progress.step) * (now - self._warm) / done)} left" if done > 0 else ""
        peak = peak_memory()
        return [
            (f"{progress.step:,}/{self._steps:,}", 0),
            ("" if self._loss is None else f"loss {self._loss:.3f}", 3),
            ("" if self._speed is None else f"{count(self._speed)} tokens/s", 2),
            (_time(now - self._began) + ("," if left else ""), 1),
            (left, 1),
            ("" if peak is None else size(peak), 4),
        ]


def train_with_progress(run: Run) -> TrainedRun:
    """Trains a run, and shows its progress and its result.

    Raises:
        Interrupted: a signal arrived; everything is saved.
        JobError: the loss is not finite, or the disk is full; the last checkpoint is intact.
    """
    if run.is_finished:
        trained = train_run(run)
        say(how_to_go_on(run))
        return _with_reason(trained)
    if run.transferred is not None:
        say(f"from {run.config.origin}: {run.transferred.summary}")
    headline = f"{run.config.preset or 'model'}: {_parameters(run)}, {run.dataset.amount}"
    headline += f"; everything goes to {run.folder.path}"
    is_new = not run.folder.checkpoints.exists()
    if is_new and (why := unexportable(run.config)) is not None:
        headline += f"\nnote: {why}"
    bar = TrainingBar(headline, run.config.train.steps)
    try:
        trained = _with_reason(train_run(run, [bar], bar.sample))
    finally:
        bar.close()
    look = "" if trained.report is None else f"; look inside: {trained.report.absolute().as_uri()}"
    say(f"done after {counted(trained.steps, 'step')}{look}")
    return trained


def _with_reason(trained: TrainedRun) -> TrainedRun:
    """Says why there is no report, if there is none."""
    if trained.without_report is not None:
        say(f"there is no report: {trained.without_report}")
    return trained


def _parameters(run: Run) -> str:
    """The number of parameters, and of trained ones if not all are."""
    freeze(run.model, run.config.train.frozen)
    weights = list(run.model.parameters())
    trained = sum(weight.numel() for weight in weights if weight.requires_grad)
    total = sum(weight.numel() for weight in weights)
    return f"{total:,} parameters" + (f", {trained:,} of them trained" if trained < total else "")


def _width(parts: list[tuple[str, int]], gap: int) -> int:
    return sum(len(text) + gap for text, _ in parts)


def _time(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _copy(progress: Done) -> Done:
    return Done(progress.step, progress.tokens, progress.seconds)
