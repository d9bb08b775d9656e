"""One file -> documents, each a stream of pieces of text: files need not fit into memory.

Documents are read in order, each to its end before the next.
"""

import codecs
import gzip
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any, BinaryIO, Protocol, cast, runtime_checkable

from cutaway import display
from cutaway.data.signatures import LONGEST_SIGNATURE, known_format
from cutaway.errors import UserError, listed
from cutaway.files import parse_json
from cutaway.plugins import READERS, load_plugin

Document = Iterable[str]

BLOCK_BYTES = 1 << 20
LONGEST_LINE = 1 << 26
"""Bytes of a line."""
LARGEST_EXPANDED = 1 << 28
"""Bytes of a compressed file that is read as a whole."""


class NotUTF8Error(UserError):
    """Bytes that are not text in UTF-8."""


@runtime_checkable
class ByteStream(Protocol):
    """A binary file."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""

    def __iter__(self) -> Iterator[bytes]: ...


def read_file(path: Path, field: str) -> Iterator[Document]:
    """The documents of a file, by its ending.

    Each row of `.parquet` and each line of `.jsonl` is a document; any other file is one document. All but Parquet may
    be compressed (`.gz`).

    Raises:
        UserError: while reading: not UTF-8, not JSON, no such field, or damaged.
    """
    if _ends_with(path, ".parquet"):
        return _read_parquet(path, field)
    if format_of(path) == ".jsonl":
        return _read_jsonl(path, field)
    if (read := plugin_reader(path)) is not None:
        return _read_rows(read, path, field)
    return iter([_read_text_file(path)])


def plugin_reader(path: Path) -> Callable[[Path], Iterable[dict[str, Any]]] | None:
    """The reader of another package for files with this ending, if there is one."""
    ending = path.suffix.lower().removeprefix(".")
    return load_plugin(READERS, ending, FunctionType) if ending else None


def _read_rows(read: Callable[[Path], Iterable[dict[str, Any]]], path: Path, field: str) -> Iterator[Document]:
    for number, row in enumerate(read(path), start=1):
        place = f"{path}, row {number}"
        if field not in row:
            raise UserError(_no_field(place, field, row))
        yield [text_of(row[field], f"{place}, field {field!r}")]


def read_text(file: ByteStream, name: str) -> Iterator[str]:
    """The text of a binary file, without a byte order mark at its start.

    Raises:
        UserError: it is not UTF-8; says at which byte.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, is_start, start = 0, True, b""
    while True:
        block = file.read(BLOCK_BYTES)
        start = start or block[:LONGEST_SIGNATURE]
        pending = len(decoder.getstate()[0])
        try:
            piece = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            place = offset - pending + error.start
            what = known_format(start) or f"not UTF-8 text (invalid byte at {place}); convert it to UTF-8"
            raise NotUTF8Error(f"{name} is {what}") from error
        if piece:
            yield piece.removeprefix("\ufeff") if is_start else piece
            is_start = False
        if not block:
            return
        offset += len(block)


def is_text(path: Path) -> bool:
    """Whether a file contains text: it is Parquet, or all of it is UTF-8 without a NUL character.

    Raises:
        UserError: it cannot be read, or is a damaged `.gz` file.
    """
    if _ends_with(path, ".parquet") or plugin_reader(path) is not None:
        return True
    try:
        return not any("\0" in piece for piece in _read_text_file(path))
    except NotUTF8Error:
        return False


class _Bounded:
    """A binary file in which no line is too long, and which does not expand to too much at once."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file

    def read(self, size: int = -1, /) -> bytes:
        if size >= 0 or not _ends_with(self._path, ".gz"):
            return self._file.read(size)
        content = self._file.read(LARGEST_EXPANDED + 1)
        if len(content) > LARGEST_EXPANDED:
            raise UserError(f"{self._path} expands to more than {display.size(LARGEST_EXPANDED)}: decompress it first")
        return content

    def __iter__(self) -> Iterator[bytes]:
        number = 0
        while line := self._file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise UserError(f"{self._path}, line {number}: it is longer than {display.size(LONGEST_LINE)}")
            yield line


@contextmanager
def opened(path: Path) -> Iterator[ByteStream]:
    """Opens a file for its bytes, decompressed if it is a `.gz` file. Iterating yields lines, which end in a line feed.

    Raises:
        UserError: at once or while reading: it cannot be read or is damaged, a line has more than `LONGEST_LINE` bytes,
            or reading all of a compressed file gives more than `LARGEST_EXPANDED`.
    """
    try:
        with gzip.open(path) if _ends_with(path, ".gz") else path.open("rb") as file:
            yield _Bounded(path, cast("BinaryIO", file))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{path} is not a gzip file, or was cut short: {error}") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a file, as in `decoded_lines`.

    Raises:
        UserError: while reading: a line is not UTF-8, or the file cannot be read.
    """
    with opened(path) as file:
        yield from decoded_lines(file, str(path))


def decoded_lines(lines: Iterable[bytes], name: str) -> Iterator[str]:
    """The lines without their ends: a line feed, alone or after a carriage return, and nothing else, ends a line.

    A byte order mark at the start is removed.

    Raises:
        UserError: while reading: a line is not UTF-8.
    """
    start = b""
    for number, line in enumerate(lines, start=1):
        start = start or line[:LONGEST_SIGNATURE]
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            what = known_format(start)
            told = f"{name} is {what}" if what else f"{name}, line {number}: not UTF-8 text; convert it to UTF-8"
            raise NotUTF8Error(told) from error
        yield text.removesuffix("\n").removesuffix("\r")


def split_lines(text: str) -> list[str]:
    """The lines of a text without their ends, as in `decoded_lines`."""
    lines = text.split("\n")
    return [line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1])]


def format_of(path: Path) -> str:
    """The ending that determines the format, in lower case: the last one, or the one before `.gz`."""
    return (path.with_suffix("") if _ends_with(path, ".gz") else path).suffix.lower()


def parse_row(line: bytes, place: str) -> dict[str, Any]:
    """The fields of a line of JSONL; those of objects as in `flat`.

    Raises:
        UserError: it is not a JSON object.
    """
    try:
        row = parse_json(line)
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError both are ValueErrors
        raise UserError(f"{place}: invalid JSON ({error})") from error
    if not isinstance(row, dict):
        raise UserError(f"{place}: a JSON object was expected, fields in braces")
    return flat(row)


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row in which no field is an object: the field `en` of an object `translation` is called `translation.en`."""
    if not any(isinstance(one, dict) for one in row.values()):
        return row
    inner = {name: flat(one) if isinstance(one, dict) and one else {None: one} for name, one in row.items()}
    cells = (
        (name if key is None else f"{name}.{key}", cell) for name, one in inner.items() for key, cell in one.items()
    )
    return dict(cells)


def text_of(value: Any, place: str) -> str:
    """The text of a field; empty if it is null.

    Raises:
        UserError: it is something else, or cannot be encoded as UTF-8.
    """
    if not isinstance(value, str | None):
        raise UserError(f"{place}: text was expected, not {type(value).__name__}")
    text = value or ""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{place}: {text[error.start]!r}, half of a surrogate pair, is not a character") from error
    return text


def _read_text_file(path: Path) -> Iterator[str]:
    with opened(path) as file:
        yield from read_text(file, str(path))


def _read_jsonl(path: Path, field: str) -> Iterator[Document]:
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            yield [_read_line(line, f"{path}, line {number}", field)]


def _read_line(line: bytes, place: str, field: str) -> str:
    row = parse_row(line, place) if line.strip() else {field: ""}
    if field not in row:
        raise UserError(_no_field(place, field, row))
    return text_of(row[field], f"{place}, field {field!r}")


def _read_parquet(path: Path, field: str) -> Iterator[Document]:
    names = parquet_fields(path)
    if field not in names:
        raise UserError(_no_field(str(path), field, names))
    for row in map(flat, read_parquet(path, [field])):
        yield [text_of(row[field], f"{path}, field {field!r}")]


def parquet_fields(path: Path) -> list[str]:
    """The names of the columns of a Parquet file.

    Raises:
        UserError: pyarrow is not installed, or the file is damaged.
    """
    with _parquet(path) as file:
        return [name for field in file.schema_arrow for name in _field_names(field)]


def read_parquet(path: Path, fields: Collection[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, with all fields or some.

    Raises:
        UserError: while reading: pyarrow is not installed, or the file is damaged.
    """
    with _parquet(path) as file:
        for batch in file.iter_batches(batch_size=256, columns=fields and list(fields)):
            yield from batch.to_pylist()


def _field_names(field: Any) -> list[str]:
    """The name of a column, or those of the fields of a structure in it, such as `translation.en`."""
    if not hasattr(field.type, "fields"):
        return [field.name]
    return [f"{field.name}.{name}" for inner in field.type.fields for name in _field_names(inner)]


@contextmanager
def _parquet(path: Path) -> Iterator[Any]:
    try:
        pyarrow = import_module("pyarrow")  # optional, and without types
        parquet = import_module("pyarrow.parquet")
    except ImportError as error:
        raise UserError(f"reading {path} needs pyarrow: install it with pip install 'cutaway[data]'") from error
    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError(f"{path} is not a Parquet file, or is damaged: {str(error).splitlines()[0]}") from error


def _ends_with(path: Path, suffix: str) -> bool:
    return path.suffix.lower() == suffix


def _no_field(place: str, field: str, fields: Iterable[str]) -> str:
    return f"{place}: no field {field!r}; there are: {listed(fields) or 'none'} (choose with data.field)"
