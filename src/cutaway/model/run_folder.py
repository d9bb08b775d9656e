"""Run folders: their layout, and reading and writing tensors and JSON."""

import errno
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from cutaway.errors import UserError, counted
from cutaway.files import parse_json, replacing, require_file, write_text
from cutaway.model.renamed import current_name


@dataclass(frozen=True)
class RunFolder:
    """The layout of a run folder.

    `model.safetensors` holds the weights with the best validation figure; `checkpoints/` holds what is needed to resume
    training.
    """

    path: Path

    @property
    def run(self) -> Path:
        """All choices of the run, fully resolved."""
        return self.path / "run.yaml"

    @property
    def config(self) -> Path:
        """The model's choices."""
        return self.path / "config.json"

    @property
    def weights(self) -> Path:
        """The best weights so far."""
        return self.path / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        """The tokenizer."""
        return self.path / "tokenizer.json"

    @property
    def source_tokenizer(self) -> Path:
        """The tokenizer of the source, if it has its own."""
        return self.path / "source_tokenizer.json"

    @property
    def metrics(self) -> Path:
        """One JSON object per line: losses, learning rates, speeds."""
        return self.path / "metrics.jsonl"

    @property
    def samples(self) -> Path:
        """One JSON object per line: a generated sample and its step."""
        return self.path / "samples.jsonl"

    @property
    def tokens(self) -> Path:
        """The tokenized text."""
        return self.path / "tokens"

    @property
    def checkpoints(self) -> Path:
        """The checkpoints to resume from."""
        return self.path / "checkpoints"

    @property
    def latest(self) -> Path:
        """The file that names the checkpoint to resume from."""
        return self.checkpoints / "latest"

    @property
    def unfinished(self) -> Path:
        """An empty file that exists until the run has its first checkpoint."""
        return self.path / ".unfinished"

    def last_checkpoints(self, count: int) -> list[Path]:
        """The weights of the last `count` checkpoints.

        Raises:
            UserError: there are fewer.
        """
        whole = self.checkpoints.glob("step-*[0-9]/model.safetensors")  # an unfinished one ends in .tmp
        found = sorted(whole, key=lambda path: _step(path.parent))
        if not 1 <= count <= len(found):
            raise UserError(
                f"{self.path} has {counted(len(found), 'checkpoint')}, but the mean of {count} is requested: "
                f"train.keep sets how many are kept"
            )
        return found[-count:]

    def require(self, *files: Path) -> None:
        """Raises a UserError unless this is a run folder that holds these files."""
        if not self.path.is_dir():
            raise UserError(f"there is no folder {self.path}")
        if not self.run.exists():
            raise UserError(f"{self.path} is not a run folder: it has no {self.run.name}")
        for file in files:
            if not file.exists():
                raise UserError(f"the run folder {self.path} lacks {file.name}")


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file completely, or leaves the old one."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Reads a JSON file.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        require_file(path)
        return parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None


Replacing: TypeAlias = Callable[[Path], AbstractContextManager[Path]]
"""A function like `cutaway.files.replacing`."""


def write_tensors(
    path: Path,
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
    replacing: Replacing = replacing,
) -> None:
    """Writes named tensors, or leaves the old file."""
    with replacing(path) as temporary:
        try:
            contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
            temporary.touch()
            mode = temporary.stat().st_mode
            save_file(contiguous, temporary, None if metadata is None else dict(metadata))
            temporary.chmod(mode)  # it made a file that only its owner can read
        except SafetensorError as error:  # it hides the system's own error
            code = errno.ENOSPC if f"os error {errno.ENOSPC}" in str(error) else errno.EIO
            raise OSError(code, str(error)) from error


def read_tensors(path: Path, shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """Reads named tensors to the CPU: those that have a shape here, and no others.

    A file of an earlier version may use the names of that version.

    Raises:
        UserError: the file is missing or damaged, or tensors are missing, unexpected or of another shape.
    """
    require_file(path)
    try:
        found = {current_name(name, shapes): tensor for name, tensor in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    complaints = {
        "misses": [name for name in shapes if name not in found],
        "does not fit the model in the shape of": [
            name for name, shape in shapes.items() if name in found and found[name].shape != shape
        ],
        "holds weights that the model does not have:": [name for name in found if name not in shapes],
    }
    for complaint, names in complaints.items():
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            raise UserError(f"{path} {complaint} {', '.join(names[:5])}{more} ({len(names)} in all)")
    return found


def write_weights(path: Path, model: nn.Module, replacing: Replacing = replacing) -> None:
    """Writes a model's weights; shared ones once."""
    write_tensors(path, dict(model.named_parameters()), replacing=replacing)


@torch.no_grad()
def read_weights(path: Path, model: nn.Module) -> None:
    """Loads all weights of a model.

    Raises:
        UserError: the file is missing or damaged, or weights are missing, unexpected or of another shape.
    """
    weights = dict(model.named_parameters())
    found = read_tensors(path, {name: weight.shape for name, weight in weights.items()})
    for name, weight in weights.items():
        weight.copy_(found[name])


@torch.no_grad()
def read_average(paths: Sequence[Path], model: nn.Module) -> None:
    """Loads the mean of several sets of weights (Vaswani et al. 2017, section 6.1).

    Raises:
        UserError: for the reasons given in `read_weights`.
    """
    weights = dict(model.named_parameters())
    shapes = {name: weight.shape for name, weight in weights.items()}
    for number, path in enumerate(paths, 1):
        for name, found in read_tensors(path, shapes).items():
            weights[name].copy_(found if number == 1 else weights[name].lerp(found.to(weights[name]), 1 / number))


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("step-"))
