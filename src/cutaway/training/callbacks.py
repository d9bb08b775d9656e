"""Callbacks: logs, samples and TensorBoard; none of them changes the training."""

import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from cutaway.errors import JobError, UserError
from cutaway.files import sync, write_text
from cutaway.training.checkpoints import LARGEST, Progress

ROWS = {"train": ("step", "tokens", "loss", "seconds"), "validation": ("step", "loss")}
"""The kinds of rows of `metrics.jsonl`, and the figures that each has."""
LARGEST_FIGURE = sys.float_info.max


@runtime_checkable
class Callback(Protocol):
    """Receives the events of a run in order; subclasses override the ones they need."""

    def start(self, progress: Progress) -> None:
        """Training starts or resumes from here."""
        return

    def compiled(self, seconds: float) -> None:
        """The first step with compiled code is done, and took so long: compiling is most of it."""
        return

    def log(self, progress: Progress, figures: Mapping[str, float]) -> None:
        """The mean loss, learning rate and so on of the last steps."""
        return

    def evaluate(self, progress: Progress, figures: Mapping[str, float]) -> None:
        """Figures of the validation split."""
        return

    def step(self, progress: Progress) -> None:
        """A step is complete, after its other events."""
        return

    def saving(self, progress: Progress) -> None:
        """A checkpoint is about to be saved: what belongs to it goes to disk first."""
        return

    def stopping(self) -> None:
        """A signal asked to stop: the step is finished, then everything is saved."""
        return

    def finish(self, progress: Progress) -> None:
        """No more steps will follow in this process."""
        return


class JSONLines:
    """Rows of JSON in a file; on resuming, rows after the checkpoint are removed."""

    def __init__(self, path: Path, read: "Callable[[Path], list[dict[str, Any]]] | None" = None) -> None:
        self._path = path
        self._read = read or read_rows

    def rewind(self, step: int) -> None:
        """Removes rows of later steps, and an incomplete last row."""
        if self._path.exists():
            rows = [row for row in self._read(self._path) if row["step"] <= step]
            write_text(self._path, "".join(json.dumps(row) + "\n" for row in rows))

    def sync(self) -> None:
        """Flushes the rows to disk.

        Raises:
            JobError: the disk is full or cannot be written.
        """
        if self._path.exists():
            sync(self._path)

    def append(self, row: Mapping[str, Any]) -> None:
        """Appends a row.

        Raises:
            JobError: the disk is full or cannot be written.
        """
        try:
            with self._path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise JobError(
                f"{self._path} could not be written: {error.strerror}; the last checkpoint is intact"
            ) from None


class Metrics(Callback):
    """Writes `metrics.jsonl`: rows of kind `train` and `validation`."""

    def __init__(self, path: Path) -> None:
        self._rows = JSONLines(path, read_metrics)

    def start(self, progress: Progress) -> None:
        """Removes rows after the checkpoint."""
        self._rows.rewind(progress.step)

    def log(self, progress: Progress, figures: Mapping[str, float]) -> None:
        """Appends a row."""
        self._rows.append({"kind": "train", "step": progress.step, "tokens": progress.tokens, **figures})

    def evaluate(self, progress: Progress, figures: Mapping[str, float]) -> None:
        """Appends a row."""
        self._rows.append({"kind": "validation", "step": progress.step, "tokens": progress.tokens, **figures})

    def saving(self, progress: Progress) -> None:
        """Flushes the rows to disk."""
        self._rows.sync()


class Samples(Callback):
    """Generates a sample every so many steps, displays it, and appends it to `samples.jsonl`."""

    def __init__(self, path: Path, every: int, write: Callable[[], str], show: Callable[[int, str], None]) -> None:
        self._rows = JSONLines(path, read_samples)
        self._every = every
        self._write = write
        self._show = show

    def start(self, progress: Progress) -> None:
        """Removes rows after the checkpoint; a new run generates a sample before its first step."""
        self._rows.rewind(progress.step or -1)  # a run killed before its first step generates that sample again
        if progress.step == 0:
            self._sample(0)

    def step(self, progress: Progress) -> None:
        """Generates a sample if it is due."""
        if progress.step % self._every == 0:
            self._sample(progress.step)

    def saving(self, progress: Progress) -> None:
        """Flushes the rows to disk."""
        self._rows.sync()

    def _sample(self, step: int) -> None:
        text = self._write()
        self._rows.append({"step": step, "text": text})
        self._show(step, text)


class TensorBoard(Callback):
    """Writes scalars for TensorBoard.

    Raises:
        UserError: the package is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise UserError("TensorBoard is not installed: pip install 'cutaway[tensorboard]'") from None
        self._open = partial(SummaryWriter, str(folder))

    def start(self, progress: Progress) -> None:
        """Opens a file; points after the checkpoint are removed."""
        self._writer = self._open(purge_step=progress.step + 1)

    def log(self, progress: Progress, figures: Mapping[str, float]) -> None:
        """Appends a point to each curve."""
        self._write("train", progress.step, figures)

    def evaluate(self, progress: Progress, figures: Mapping[str, float]) -> None:
        """Appends a point to each curve."""
        self._write("validation", progress.step, figures)

    def finish(self, progress: Progress) -> None:
        """Closes the file."""
        self._writer.close()

    def _write(self, part: str, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(f"{part}/{name}", value, step)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Reads JSON rows, without a last one that a crash left incomplete.

    Raises:
        UserError: the file cannot be read, any other row is damaged, or a row has no step.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    while lines and not lines[-1].strip():
        lines.pop()
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            if number < len(lines):
                raise UserError(f"{path}, line {number} is not JSON") from None
            break
        step = row.get("step") if isinstance(row, dict) else None
        if type(step) is not int or not 0 <= step <= LARGEST:
            raise UserError(f"{path}, line {number} is damaged: its step is not a whole number")
        rows.append(row)
    return rows


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Reads `metrics.jsonl`.

    Raises:
        UserError: as `read_rows` raises it, a row is of no known kind, or its loss, time or number of tokens is no
            finite number.
    """
    rows = read_rows(path)
    for number, row in enumerate(rows, 1):
        needed = ROWS.get(str(row.get("kind")))
        if needed is None:
            raise UserError(f"{path}, line {number} is damaged: its kind is none of {', '.join(ROWS)}")
        for name in needed:
            if type(row.get(name)) not in (int, float) or not abs(row[name]) <= LARGEST_FIGURE:
                raise UserError(f"{path}, line {number} is damaged: {name} is not a finite number")
    return rows


def read_samples(path: Path) -> list[dict[str, Any]]:
    """Reads `samples.jsonl`.

    Raises:
        UserError: as `read_rows` raises it, or a row has no text.
    """
    rows = read_rows(path)
    for number, row in enumerate(rows, 1):
        if not isinstance(row.get("text"), str):
            raise UserError(f"{path}, line {number} is damaged: it has no text")
    return rows
