"""The header of a GGUF file: the model's metadata, and the location of its tensors.

The `gguf` package has a reader too, but it trusts the header, and so takes hours and all memory for a damaged one. Here
each count is compared with the size of the file before anything is allocated.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from cutaway.errors import UserError
from cutaway.files import require_file

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = 32
DIMENSIONS = 4
SCALARS = {
    0: "<u1",
    1: "<i1",
    2: "<u2",
    3: "<i2",
    4: "<u4",
    5: "<i4",
    6: "<f4",
    7: "?",
    10: "<u8",
    11: "<i8",
    12: "<f8",
}
STRING, ARRAY = 8, 9
LEAST_ENTRY = 8 + 4 + 1
"""Bytes of the shortest metadata entry: the length of its name, its type, its value."""
LEAST_TENSOR = 8 + 4 + 4 + 8
"""Bytes of the shortest tensor description: the length of its name, two numbers, its offset."""


@dataclass(frozen=True)
class Stored:
    """A tensor in a file.

    Attributes:
        kind: the type of its numbers, as `gguf.GGMLQuantizationType`.
        shape: rows first.
        start: offset of its first byte in the file.
        size: in bytes.
    """

    kind: Any
    shape: tuple[int, ...]
    start: int
    size: int


@dataclass(frozen=True)
class Header:
    """The header of a GGUF file.

    Attributes:
        path: the file.
        metadata: all entries by name; lists of numbers are arrays.
        tensors: the location of each tensor.
    """

    path: Path
    metadata: Mapping[str, Any]
    tensors: Mapping[str, Stored]


def require_gguf() -> Any:
    """The `gguf` package.

    Raises:
        UserError: it is not installed.
    """
    try:
        return import_module("gguf")
    except ImportError as error:
        raise UserError("GGUF files need the gguf package: pip install 'cutaway[hub]'") from error


def read_header(path: Path) -> Header:
    """Reads and checks the header of a file.

    Raises:
        UserError: it is not a GGUF file, of another version or split, damaged, or incomplete.
    """
    require_gguf()
    require_file(path)
    try:
        with path.open("rb") as file:
            return _read(path, _Bytes(file, path.stat().st_size))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, struct.error) as error:
        raise UserError(f"{path} is not a complete GGUF file: {error}") from None


class _Bytes:
    """The bytes of a file, read in order and checked against its size."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size

    @property
    def place(self) -> int:
        return self._file.tell()

    def take(self, count: int) -> bytes:
        self.require(count, 1, "bytes")
        return self._file.read(count)

    def require(self, count: int, least: int, what: str) -> None:
        """Raises a ValueError unless the rest of the file is large enough for `count` items of `size` bytes or more."""
        rest = self.size - self.place
        if count * least > rest:
            raise ValueError(f"{count} {what} are announced at byte {self.place}, and {rest} bytes are left")

    def number(self, form: str = "<Q") -> int:
        (number,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(number)

    def text(self) -> str:
        return self.take(self.number()).decode()


def _read(path: Path, data: _Bytes) -> Header:
    if data.take(len(MAGIC)) != MAGIC:
        raise ValueError("it does not begin with GGUF")
    version = data.number("<I")
    if version not in VERSIONS:
        raise ValueError(f"its version is {version}, and {' and '.join(map(str, VERSIONS))} are known")
    tensors, entries = data.number(), data.number()
    data.require(entries, LEAST_ENTRY, "entries of metadata")
    metadata: dict[str, Any] = {}
    for _ in range(entries):
        name = data.text()
        if name in metadata:
            raise ValueError(f"{name} is there twice")
        metadata[name] = _value(data, data.number("<I"))
    parts = metadata.get("split.count", 1)
    if parts not in (0, 1):
        raise UserError(f"{path} is one of {parts} parts: join them with llama-gguf-split --merge")
    data.require(tensors, LEAST_TENSOR, "tensors")
    return Header(path, metadata, _tensors(data, tensors, metadata.get("general.alignment", ALIGNMENT)))


def _value(data: _Bytes, kind: int) -> Any:
    if kind == STRING:
        return data.text()
    if kind == ARRAY:
        return _list(data, data.number("<I"), data.number())
    if kind not in SCALARS:
        raise ValueError(f"{kind} is not a type of values")
    form = np.dtype(SCALARS[kind])
    value = np.frombuffer(data.take(form.itemsize), form)[0]
    # The shortest number with the same 32 bits: 1e-05, not 9.999999747378752e-06.
    return float(str(value)) if form.kind == "f" else value.item()


def _list(data: _Bytes, kind: int, count: int) -> Any:
    if kind == STRING:
        data.require(count, 8, "strings")
        return [data.text() for _ in range(count)]
    if kind not in SCALARS:
        raise ValueError(f"{kind} is not a type of list elements")
    form = np.dtype(SCALARS[kind])
    data.require(count, form.itemsize, "numbers")
    return np.frombuffer(data.take(count * form.itemsize), form)


def _tensors(data: _Bytes, count: int, alignment: Any) -> dict[str, Stored]:
    gguf = require_gguf()
    found = [_tensor(data, gguf) for _ in range(count)]
    if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1):
        raise ValueError(f"its alignment is {alignment!r}, which is not a power of two")
    start = -(-data.place // alignment) * alignment
    tensors = {name: Stored(one.kind, one.shape, start + one.start, one.size) for name, one in found}
    if len(tensors) < count:
        raise ValueError("two tensors have the same name")
    end = start
    for name, one in sorted(tensors.items(), key=lambda item: item[1].start):
        if one.start < end:
            raise ValueError(f"{name} begins within another tensor")
        end = one.start + one.size
        if end > data.size:
            raise ValueError(f"{name} ends at byte {end}, and the file at byte {data.size}")
    return tensors


def _tensor(data: _Bytes, gguf: Any) -> tuple[str, Stored]:
    """The description of a tensor, with its offset from the first tensor."""
    name, dimensions = data.text(), data.number("<I")
    if not 1 <= dimensions <= DIMENSIONS:
        raise ValueError(f"{name} has {dimensions} dimensions")
    shape = tuple(data.number() for _ in range(dimensions))[::-1]
    if not all(shape):
        raise ValueError(f"{name} has no numbers")
    kind = gguf.GGMLQuantizationType(data.number("<I"))
    block, size = gguf.GGML_QUANT_SIZES[kind]
    if shape[-1] % block:
        raise ValueError(f"a row of {name} has {shape[-1]} numbers, which blocks of {block} cannot hold")
    numbers = 1
    for length in shape:
        numbers *= length
    return name, Stored(kind, shape, data.number(), numbers // block * size)
