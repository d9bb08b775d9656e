"""A finished preparation: the tokens of a text on disk, in two parts, with the tokenizer that made them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from cutaway.config.data import DataConfig
from cutaway.config.record import Record
from cutaway.config.tokenizer import TokenizerConfig
from cutaway.data.text.scan import Scan
from cutaway.data.text.shards import TokenStream, open_shard
from cutaway.errors import UserError
from cutaway.files import write_bytes
from cutaway.text.tokenizer import Tokenizer

MANIFEST_FILE = "manifest.json"
TOKENIZER_FILE = "tokenizer.json"

AnyRecord = TypeVar("AnyRecord", bound=Record)


class Request(Record):
    """What was asked for."""

    data: DataConfig
    tokenizer: TokenizerConfig | str
    """How to make the tokenizer, or the sha256 of one that was there."""
    specials: tuple[str, ...] = ()
    """Special tokens that it shall have."""


class Part(Record):
    """One side of the split."""

    characters: int
    shards: tuple[int, ...]
    """How many tokens each file holds."""


class Manifest(Record):
    """Everything about a finished preparation; written last."""

    request: Request
    scan: Scan
    training: Part
    validation: Part


@dataclass(frozen=True)
class Corpus:
    """A text as tokens: the first part to train on, the last part to validate with."""

    manifest: Manifest
    tokenizer: Tokenizer
    training: TokenStream
    validation: TokenStream


def open_corpus(folder: Path) -> Corpus:
    """Opens what `prepare` finished, without touching the text it was made from.

    Raises:
        UserError: it is not finished, or a file is missing or damaged.
    """
    manifest = read_record(folder / MANIFEST_FILE, Manifest)
    return Corpus(
        manifest,
        Tokenizer.load(folder / TOKENIZER_FILE),
        _open_part(folder, "training", manifest.training),
        _open_part(folder, "validation", manifest.validation),
    )


def shard_path(folder: Path, part: str, number: int) -> Path:
    """Where the tokens of a part are."""
    return folder / "tokens" / f"{part}-{number:05d}.npy"


def read_record(path: Path, kind: type[AnyRecord]) -> AnyRecord:
    """Reads a record from a JSON file.

    Raises:
        UserError: there is no such file, or it holds something else.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise UserError(f"{path} is damaged ({reason}): remove its folder and prepare again") from error


def write_record(path: Path, record: Record) -> None:
    """Writes a record as JSON, whole or not at all."""
    write_bytes(path, record.model_dump_json(indent=2).encode())


def _open_part(folder: Path, name: str, part: Part) -> TokenStream:
    arrays = [open_shard(shard_path(folder, name, number)) for number in range(len(part.shards))]
    if tuple(len(array) for array in arrays) != part.shards:
        raise UserError(f"the tokens in {folder} are not those of its manifest: remove the folder and prepare again")
    return TokenStream(arrays)
