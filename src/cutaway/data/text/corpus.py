"""A prepared text: its tokens on disk in two parts, and the tokenizer."""

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
    """The parameters of a preparation."""

    data: DataConfig
    tokenizer: TokenizerConfig | str
    """How to train the tokenizer, or the sha256 of an existing one."""
    specials: tuple[str, ...] = ()
    """Special tokens of a trained tokenizer."""


class Part(Record):
    """One part of the text."""

    characters: int
    shards: tuple[int, ...]
    """The number of tokens of each file."""


class Manifest(Record):
    """The description of a finished preparation; it is written last."""

    request: Request
    scan: Scan
    training: Part
    validation: Part


@dataclass(frozen=True)
class Corpus:
    """A text as tokens: the first part for training, the last part for validation."""

    manifest: Manifest
    tokenizer: Tokenizer
    training: TokenStream
    validation: TokenStream


def open_corpus(folder: Path) -> Corpus:
    """Opens what `prepare` finished, without the original text.

    Raises:
        UserError: it is not finished, or a file is missing or damaged.
    """
    manifest = read_record(folder / MANIFEST_FILE, Manifest)
    tokenizer = Tokenizer.load(folder / TOKENIZER_FILE)
    training, validation = (
        _open_part(folder, name, part, tokenizer.vocabulary)
        for name, part in (("training", manifest.training), ("validation", manifest.validation))
    )
    return Corpus(manifest, tokenizer, training, validation)


def shard_path(folder: Path, part: str, number: int) -> Path:
    """The path of a file of tokens."""
    return folder / "tokens" / f"{part}-{number:05d}.npy"


def read_record(path: Path, kind: type[AnyRecord]) -> AnyRecord:
    """Reads a record from a JSON file.

    Raises:
        UserError: the file does not exist, or contains something else.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise UserError(f"{path} is damaged ({reason}): remove its folder and prepare again") from error


def write_record(path: Path, record: Record) -> None:
    """Writes a record as JSON, completely or not at all."""
    write_bytes(path, record.model_dump_json(indent=2).encode())


def _open_part(folder: Path, name: str, part: Part, vocabulary: int) -> TokenStream:
    arrays = [open_shard(shard_path(folder, name, number), vocabulary) for number in range(len(part.shards))]
    if tuple(len(array) for array in arrays) != part.shards:
        raise UserError(f"the tokens in {folder} are not those of its manifest: remove the folder and prepare again")
    return TokenStream(arrays)
