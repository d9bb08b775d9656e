"""The examples of a task on disk, in two splits."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic

from pydantic import AfterValidator, TypeAdapter, ValidationError

from cutaway.config.data import DataConfig
from cutaway.config.record import Record
from cutaway.data.examples import AnyExample, Example
from cutaway.data.readers import opened
from cutaway.data.text.corpus import MANIFEST_FILE, read_record, write_record
from cutaway.errors import UserError
from cutaway.files import make_folder, replacing, write_bytes

EXAMPLES_FOLDER = "examples"
RENAMED = {
    "Labelled": "LabelledText",
    "Picture": "LabelledImage",
    "Captioned": "CaptionedImage",
    "Recording": "LabelledAudio",
}
"""From the kinds of examples in collections of 0.1 to their current names."""


class CollectionRequest(Record):
    """The parameters of a collection."""

    kind: Annotated[str, AfterValidator(lambda kind: RENAMED.get(kind, kind))]
    data: DataConfig
    seed: int


class CollectionManifest(Record):
    """The contents of a finished collection."""

    request: CollectionRequest
    training: int
    validation: int
    skipped: dict[str, int]


@dataclass(frozen=True)
class Collected(Generic[AnyExample]):
    """All examples of a task, in two splits."""

    training: list[AnyExample]
    validation: list[AnyExample]
    skipped: dict[str, int]
    """The number of examples that were skipped, by reason."""


def open_examples(folder: Path, kind: type[AnyExample]) -> Collected[AnyExample]:
    """Opens what `collect_examples` wrote, without the original files.

    Raises:
        UserError: there is no collection, it holds examples of another kind, or a file is damaged.
    """
    manifest = read_record(manifest_path(folder), CollectionManifest)
    if manifest.request.kind != kind.__name__:
        raise UserError(f"{folder} holds examples of the kind {manifest.request.kind}, not {kind.__name__}")
    training, validation = (list(_read_part(folder, part, kind)) for part in ("training", "validation"))
    if (len(training), len(validation)) != (manifest.training, manifest.validation):
        raise UserError(f"the examples in {folder} are not those of its manifest: remove the folder and start again")
    return Collected(training, validation, manifest.skipped)


def write_examples(collected: Collected[AnyExample], request: CollectionRequest, folder: Path) -> None:
    """Writes a collection completely or not at all.

    Raises:
        JobError: the folder cannot be written.
    """
    make_folder(folder)
    with replacing(folder / EXAMPLES_FOLDER) as temporary:
        temporary.mkdir()
        write_bytes(temporary / "training.jsonl", b"".join(_lines(collected.training)))
        write_bytes(temporary / "validation.jsonl", b"".join(_lines(collected.validation)))
        manifest = CollectionManifest(
            request=request,
            training=len(collected.training),
            validation=len(collected.validation),
            skipped=collected.skipped,
        )
        write_record(temporary / MANIFEST_FILE, manifest)


def remove_examples(folder: Path) -> None:
    """Removes what `write_examples` wrote, and the folder if it is empty afterwards."""
    shutil.rmtree(folder / EXAMPLES_FOLDER)
    if not any(folder.iterdir()):
        folder.rmdir()


def manifest_path(folder: Path) -> Path:
    """The path of a finished collection's manifest."""
    return folder / EXAMPLES_FOLDER / MANIFEST_FILE


def _lines(examples: Iterable[Example]) -> Iterator[bytes]:
    for example in examples:
        yield TypeAdapter(type(example)).dump_json(example) + b"\n"


def _read_part(folder: Path, part: str, kind: type[AnyExample]) -> Iterator[AnyExample]:
    adapter = TypeAdapter(kind)
    path = folder / EXAMPLES_FOLDER / f"{part}.jsonl"
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                yield adapter.validate_json(line)
            except ValidationError as error:
                reason = error.errors()[0]["msg"]
                raise UserError(
                    f"{path}, line {number} is damaged ({reason}): remove the folder and start again"
                ) from error
