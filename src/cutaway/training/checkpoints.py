"""Checkpoints, from which training resumes bit for bit; each is saved completely or not at all."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import nn

from cutaway.errors import UserError, shortened
from cutaway.files import remove_folder, replacing, write_text
from cutaway.model.digests import Digests
from cutaway.model.run_folder import (
    read_json,
    read_tensors,
    read_weights,
    write_json,
    write_tensors,
    write_weights,
)
from cutaway.training.optimizers import Optimizer

LARGEST = 1 << 62
"""No step, count or figure of a run is larger."""
FILES = ("model.safetensors", "optimizer.safetensors", "progress.json")
"""What a checkpoint consists of, beside the digests of these."""


@dataclass
class Progress:
    """The progress of a run.

    Random state is not part of it: batches and dropout are pure functions of the seed and the step.

    Attributes:
        step: completed optimizer steps.
        tokens: targets trained on.
        seconds: spent in training, without evaluations.
        best: best validation figure so far, the lowest loss unless `train.best` says otherwise, at step `best_step`.
        waited: evaluations since then.
        samples: examples, or sequences of a text, before the next batch, in the order of all samples; None in
            checkpoints of earlier versions.
        window_loss: sum of the losses since the last row of the log, over `window_steps` steps.
    """

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_step: int = 0
    waited: int = 0
    samples: int | None = None
    window_loss: float = 0.0
    window_steps: int = 0


class Checkpoints:
    """The folder `checkpoints/`: folders `step-N/`, and a file `latest` that names the one to resume from."""

    def __init__(self, folder: Path, keep: int) -> None:
        self._folder = folder
        self._keep = keep
        self._latest = folder / "latest"

    def save(self, model: nn.Module, optimizer: Optimizer, progress: Progress) -> None:
        """Saves a checkpoint, names it the latest, and removes the oldest and what a kill left behind.

        An existing one is not saved again, but the others are removed then too: a kill may have prevented it.

        Raises:
            JobError: the disk is full; the previous checkpoint is still the latest.
        """
        path = self._folder / f"step-{progress.step}"
        if path != self._named():
            with replacing(path) as temporary:
                temporary.mkdir()
                write_weights(temporary / "model.safetensors", model)
                write_tensors(temporary / "optimizer.safetensors", optimizer.named_state())
                write_json(temporary / "progress.json", asdict(progress))
                Digests(temporary).record(temporary / name for name in FILES)
            write_text(self._latest, path.name + "\n")
        for old in [*self._folder.glob("step-*.tmp"), *self._steps()[: -self._keep]]:
            if old != path:
                remove_folder(old)

    def load(self, model: nn.Module, optimizer: Optimizer) -> Progress | None:
        """Loads the latest checkpoint and returns its progress; None if there is none.

        Raises:
            UserError: it is damaged or belongs to another model.
        """
        path = self._to_resume()
        if path is None:
            return None
        progress = read_progress(path / "progress.json")
        read_weights(path / "model.safetensors", model)
        if progress.step:
            saved = read_tensors(path / "optimizer.safetensors", optimizer.named_shapes())
            optimizer.load_named_state(saved)
        for name in FILES:
            Digests(path).require(path / name, self._folder.parent, whole=True)
        return progress

    def progress(self) -> Progress | None:
        """The progress of the latest checkpoint; None if there is none.

        Raises:
            UserError: it is damaged.
        """
        path = self._to_resume()
        return None if path is None else read_progress(path / "progress.json")

    def _to_resume(self) -> Path | None:
        path = self._named()
        if path is None:
            if any(step.name != "step-0" for step in self._steps()):
                raise UserError(f"{self._latest} is missing: write into it one of {self._names()}")
            return None
        if not path.is_dir():
            raise UserError(f"{self._latest} names {path.name}, which does not exist; there is: {self._names()}")
        return path

    def _named(self) -> Path | None:
        """The folder that `latest` names."""
        if not self._latest.exists():
            return None
        name = self._latest.read_bytes().strip().decode("ascii", "replace")
        if not re.fullmatch("step-[0-9]+", name):
            raise UserError(
                f"{self._latest} holds {shortened(repr(name))}, not the name of a checkpoint: write into it one of "
                f"{self._names()}"
            )
        return self._folder / name

    def _steps(self) -> list[Path]:
        folders = [path for path in self._folder.glob("step-*") if path.name.removeprefix("step-").isdigit()]
        return sorted(folders, key=lambda path: int(path.name.removeprefix("step-")))

    def _names(self) -> str:
        return ", ".join(path.name for path in self._steps()) or "none"


def read_progress(path: Path) -> Progress:
    """Reads the progress of a run.

    Raises:
        UserError: the file is missing or damaged, or holds something else.
    """
    try:
        found = Progress(**read_json(path))
    except TypeError:
        raise UserError(f"{path} does not hold the progress of a run") from None
    whole = (
        "step",
        "tokens",
        "best_step",
        "waited",
        "window_steps",
        *(["samples"] if found.samples is not None else []),
    )
    numbers = ("seconds", "window_loss", *(["best"] if found.best is not None else []))
    for name in (*whole, *numbers):
        value = getattr(found, name)
        kind, least = ("a whole number", 0) if name in whole else ("a number", -LARGEST)
        if type(value) not in ((int,) if name in whole else (int, float)) or not least <= value <= LARGEST:
            raise UserError(f"{path} is damaged: {name} is {shortened(repr(value))}, and must be {kind} of usual size")
    if path.parent.name != f"step-{found.step}":
        raise UserError(f"{path} is damaged: its step is {found.step}, but its folder is {path.parent.name}")
    return found
