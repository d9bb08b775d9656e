"""Files of examples -> examples to train on and to validate with: read once, then independent of the files."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cutaway.config.data import DataConfig
from cutaway.data.audio.recordings import read_recordings
from cutaway.data.example_store import (
    Collected,
    CollectionManifest,
    CollectionRequest,
    manifest_path,
    open_examples,
    write_examples,
)
from cutaway.data.examples import (
    AnyExample,
    CaptionedImage,
    Example,
    Graph,
    LabelledAudio,
    LabelledImage,
    LabelledText,
    Pair,
    Question,
    Tagged,
)
from cutaway.data.graphs.edge_lists import read_graphs
from cutaway.data.held_out import hold_out
from cutaway.data.images.captioned_images import read_captions
from cutaway.data.images.labelled_images import read_images
from cutaway.data.tables.conll import read_conll
from cutaway.data.tables.labelled_texts import read_labelled
from cutaway.data.tables.squad import read_squad
from cutaway.data.tables.text_pairs import read_pairs
from cutaway.data.text import python_docs
from cutaway.data.text.corpus import read_record
from cutaway.data.text.sources import STANDARD_INPUT
from cutaway.errors import UserError

READERS: dict[type[Any], Callable[[Path, DataConfig, Counter[str]], Iterator[Any]]] = {
    Pair: read_pairs,
    LabelledText: read_labelled,
    LabelledImage: read_images,
    CaptionedImage: read_captions,
    LabelledAudio: read_recordings,
    Graph: read_graphs,
    Tagged: read_conll,
    Question: read_squad,
}


def collect_examples(kind: type[AnyExample], data: DataConfig, folder: Path, seed: int) -> Collected[AnyExample]:
    """Reads examples and writes both parts of them into a folder, or opens those that it wrote before.

    Without `data.validation_path`, a random share is held out.

    Raises:
        UserError: the examples cannot be read, are too few or all alike; the folder holds others.
        JobError: the folder cannot be written.
    """
    request = CollectionRequest(kind=kind.__name__, data=data, seed=seed)
    if manifest_path(folder).exists():
        _refuse_other(read_record(manifest_path(folder), CollectionManifest).request, request, folder)
        return open_examples(folder, kind)
    skipped: Counter[str] = Counter()
    training, validation = read_examples(kind, data.path, data, skipped), []
    if data.validation_path:
        validation = read_examples(kind, data.validation_path, data, skipped)
    elif data.validation:
        training, validation = hold_out(training, data.validation, seed, data.path)
    _refuse_constant(training, data.path)
    collected = Collected(training, validation, dict(skipped))
    write_examples(collected, request, folder)
    return collected


def read_examples(kind: type[AnyExample], path: str, data: DataConfig, skipped: Counter[str]) -> list[AnyExample]:
    """All examples of a file; those that are left out are counted.

    Raises:
        UserError: they cannot be read, or there are none.
    """
    if path in (python_docs.NAME, STANDARD_INPUT):
        raise UserError(f"this task learns from examples, and {path} is a text: give a file of them with --data")
    here: Counter[str] = Counter()
    examples: list[AnyExample] = list(READERS[kind](Path(path).expanduser(), data, here))
    if not examples:
        counts = ", ".join(f"{count:,} {reason}" for reason, count in here.items()) or "it is empty"
        raise UserError(f"{path} holds no examples ({counts})")
    skipped.update(here)
    return examples


def _refuse_other(there: CollectionRequest, asked: CollectionRequest, folder: Path) -> None:
    before, now = there.model_dump(), asked.model_dump()
    different = "; ".join(f"{name} {before[name]}, not {now[name]}" for name in now if before[name] != now[name])
    if different:
        raise UserError(f"{folder} holds examples with {different}: choose another folder, or remove this one")


def _refuse_constant(examples: Sequence[Example], path: str) -> None:
    chosen = {choice for example in examples for choice in _choices(example)}
    if len(chosen) == 1:
        label = ", ".join(*chosen) or "none"
        raise UserError(f"{path} teaches one label only, {label!r}: there is nothing to choose between")


def _choices(example: Example) -> Iterable[tuple[str, ...]]:
    """What is chosen from a list of labels: a set of them for a text, one for each word."""
    match example:
        case LabelledText() | LabelledImage() | LabelledAudio() | Graph():
            return [example.labels]
        case Tagged():
            return [(tag,) for tag in example.tags]
    return []
