"""The weights of a folder: one file or several, safetensors or PyTorch's own format."""

import pickle
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from cutaway.errors import UserError, counted, shortened
from cutaway.files import require_file
from cutaway.model.run_folder import read_json

MOST_SAID = 300
"""Characters of what a library says, which may repeat the file."""


@runtime_checkable
class Checkpoint(Protocol):
    """Named tensors in files, which are read on access."""

    def names(self) -> Sequence[str]:
        """All names."""

    def read(self, name: str) -> Tensor:
        """Reads one, into memory of its own; only once."""


class SafetensorsFiles:
    """Tensors in one safetensors file or several.

    Each tensor is read through a memory mapping of its own, which is released at once.
    """

    def __init__(self, files: dict[str, Path]) -> None:
        self._files = files

    def names(self) -> Sequence[str]:
        """All names."""
        return list(self._files)

    def read(self, name: str) -> Tensor:
        """Reads one."""
        with _opened(self._files[name]) as file:
            tensor: Tensor = file.get_tensor(name).clone()
        return tensor


class PickledFiles:
    """Tensors in files of `torch.save`, of which only tensors are unpickled."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._tensors: dict[str, Tensor] = {}
        for path in paths:
            found = load_pickled(path)
            if not isinstance(found, Mapping) or not all(_is_named_tensor(*pair) for pair in found.items()):
                raise UserError(f"{path} has other contents than tensors by name: use safetensors")
            self._tensors.update(found)

    def names(self) -> Sequence[str]:
        """All names."""
        return list(self._tensors)

    def read(self, name: str) -> Tensor:
        """Returns one, and releases it."""
        return self._tensors.pop(name)


class RenamedFiles:
    """The same tensors by newer names.

    Args:
        checkpoint: with the older names.
        endings: from older endings of names to newer ones.
    """

    def __init__(self, checkpoint: Checkpoint, endings: Mapping[str, str]) -> None:
        self._checkpoint = checkpoint
        self._before = {_renamed(name, endings): name for name in checkpoint.names()}

    def names(self) -> Sequence[str]:
        """All newer names."""
        return list(self._before)

    def read(self, name: str) -> Tensor:
        """Reads one by its newer name."""
        return self._checkpoint.read(self._before[name])


def open_weights(folder: Path) -> Checkpoint:
    """Opens the weights of a Hugging Face folder; safetensors take precedence over pickled files.

    Raises:
        UserError: there are none, one is damaged, or an index names a missing file.
    """
    if (path := folder / "model.safetensors").exists():
        return SafetensorsFiles(dict.fromkeys(_safetensors_names(path), path))
    if (index := folder / "model.safetensors.index.json").exists():
        files = {path: _safetensors_names(path) for path in _shards(index)}
        return SafetensorsFiles({name: path for path, names in files.items() for name in names})
    if (path := folder / "pytorch_model.bin").exists():
        return PickledFiles([path])
    if (index := folder / "pytorch_model.bin.index.json").exists():
        return PickledFiles(_shards(index))
    raise UserError(f"{folder} has no weights: neither model.safetensors nor pytorch_model.bin, nor an index of shards")


def load_pickled(path: Path) -> Any:
    """Reads a file of `torch.save`, if it contains only tensors and plain values.

    Raises:
        UserError: it is damaged, or would run code.
    """
    require_file(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UserError(f"{path} has more than tensors, and reading it could run code: use safetensors") from None
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        why = shortened(next(iter(str(error).splitlines()), "it is damaged"), MOST_SAID)
        raise UserError(f"{path} cannot be read: {why}") from None


def _is_named_tensor(name: Any, tensor: Any) -> bool:
    return isinstance(name, str) and isinstance(tensor, Tensor)


def _renamed(name: str, endings: Mapping[str, str]) -> str:
    ending = next((ending for ending in endings if name.endswith(ending)), None)
    return name if ending is None else name.removesuffix(ending) + endings[ending]


def _shards(index: Path) -> list[Path]:
    try:
        named = sorted(set(read_json(index)["weight_map"].values()))
        outside = [name for name in named if Path(name).name != name]
    except (KeyError, AttributeError, TypeError):
        raise UserError(f"{index} is not an index of shards: it has no weight_map of names") from None
    if outside:
        raise UserError(f"{index} names a file outside its folder: {outside[0]!r}")
    missing = [name for name in named if not (index.parent / name).exists()]
    if missing:
        raise UserError(
            f"{index} names {counted(len(named), 'file')}, but {len(missing):,} cannot be found, such as {missing[0]}"
        )
    return [index.parent / name for name in named]


def _safetensors_names(path: Path) -> list[str]:
    with _opened(path) as file:
        return list(file.keys())


def _opened(path: Path) -> Any:
    require_file(path)
    try:
        return safe_open(path, framework="pt")
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {shortened(str(error), MOST_SAID)}") from None
