"""Files of examples -> a training and a validation split: read once, then independent of the files."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from cutaway.config.data import DataConfig
from cutaway.data.example_store import (
    Collected,
    CollectionManifest,
    CollectionRequest,
    manifest_path,
    open_examples,
    write_examples,
)
from cutaway.data.examples import AnyExample
from cutaway.data.held_out import hold_out
from cutaway.data.label_folders import split_folders
from cutaway.data.text import python_docs
from cutaway.data.text.corpus import read_record
from cutaway.data.text.sources import STANDARD_INPUT
from cutaway.errors import UserError, counted_reasons

Reader: TypeAlias = Callable[[Path, DataConfig, Counter[str]], Iterator[AnyExample]]
"""Reads the examples of a file or folder, and counts those that it skips by reason."""


def collect_examples(
    kind: type[AnyExample],
    read: Reader[AnyExample],
    data: DataConfig,
    folder: Path,
    seed: int,
    *,
    classes: Callable[[AnyExample], Iterable[str]] = lambda _: (),
    check: Callable[[Sequence[AnyExample]], None] = lambda _: None,
) -> Collected[AnyExample]:
    """Reads examples and writes both splits into a folder, or opens those that an earlier call wrote.

    Without `data.validation_path`, a random fraction is held out, unless the data is a folder in which `train/`,
    `val/` or `test/` have the folders of labels.

    Args:
        kind: the class of an example.
        read: reads the examples of a file or folder.
        data: where they are.
        folder: to write them into.
        seed: of the random choice.
        classes: of an example; each stays in the training split.
        check: called with all examples before any is held out; may raise.

    Raises:
        UserError: the examples cannot be read or are too few, or the folder holds others.
        JobError: the folder cannot be written.
    """
    request = CollectionRequest(kind=kind.__name__, data=data, seed=seed)
    if manifest_path(folder).exists():
        _reject_other(read_record(manifest_path(folder), CollectionManifest).request, request, folder)
        return open_examples(folder, kind)
    skipped: Counter[str] = Counter()
    path, validation_path = _paths(data, skipped)
    training, validation = read_examples(read, path, data, skipped), list[AnyExample]()
    check(training)
    if validation_path:
        validation = read_examples(read, validation_path, data, skipped)
    elif data.validation:
        training, validation = hold_out(training, data.validation, seed, data.path, classes)
    collected = Collected(training, validation, dict(skipped))
    write_examples(collected, request, folder)
    return collected


def read_examples(read: Reader[AnyExample], path: str, data: DataConfig, skipped: Counter[str]) -> list[AnyExample]:
    """All examples of a file or folder; counts those that are skipped.

    Raises:
        UserError: they cannot be read, or there are none.
    """
    if path in (python_docs.NAME, STANDARD_INPUT):
        raise UserError(f"this task learns from examples, and {path} is a text: give a file of them with --data")
    here: Counter[str] = Counter()
    examples = list(read(Path(path).expanduser(), data, here))
    if not examples:
        counts = counted_reasons(here) or "it is empty"
        raise UserError(f"{path} holds no examples ({counts})")
    skipped.update(here)
    return examples


def _paths(data: DataConfig, skipped: Counter[str]) -> tuple[str, str | None]:
    """What to train on, and what to validate on if that is given; counts the files of other splits."""
    path = Path(data.path).expanduser()
    split = split_folders(path) if path.is_dir() else None
    if split is None or data.validation_path:
        return (str(split.training) if split else data.path), data.validation_path
    for other in split.others:
        skipped[f"in {other.name}/, left for an evaluation"] += sum(one.is_file() for one in other.rglob("*"))
    return str(split.training), None if split.validation is None else str(split.validation)


def _reject_other(there: CollectionRequest, asked: CollectionRequest, folder: Path) -> None:
    before, now = there.model_dump(), asked.model_dump()
    different = "; ".join(f"{name} {before[name]}, not {now[name]}" for name in now if before[name] != now[name])
    if different:
        raise UserError(f"{folder} holds examples with {different}: choose another folder, or remove this one")
