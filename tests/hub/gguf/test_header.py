"""Headers of GGUF files: what is damaged or hostile is refused at once, in one line, and takes no memory."""

import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from cutaway.errors import UserError
from cutaway.hub.gguf.header import read_header, require_gguf

HUGE = 2**60
F32, TEXT, LIST, UINT32 = 0, 8, 9, 4
NUMBERS = struct.pack("<8f", *range(8))


def text(content: str) -> bytes:
    return struct.pack("<Q", len(content.encode())) + content.encode()


def entry(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def tensor(name: str, shape: tuple[int, ...], kind: int, start: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, start)


def file(
    *,
    magic: bytes = b"GGUF",
    version: int = 3,
    tensors: tuple[bytes, ...] = (),
    entries: tuple[bytes, ...] = (),
    counts: tuple[int, int] | None = None,
    data: bytes = b"",
) -> bytes:
    """A file of these parts; `counts` announces other numbers of tensors and entries."""
    announced = counts or (len(tensors), len(entries))
    head = magic + struct.pack("<IQQ", version, *announced) + b"".join(entries) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + data


ONE = tensor("a", (8,), F32, 0)
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "4 bytes are announced"),
    "another": (file(magic=b"GGML"), "does not begin with GGUF"),
    "version": (file(version=1), "version is 1, and 2 and 3 are known"),
    "other end first": (file(version=3 << 24), "version is 50331648"),
    "tensors": (file(counts=(HUGE, 0)), "tensors are announced"),
    "entries": (file(counts=(0, HUGE)), "entries of metadata are announced"),
    "name": (file(entries=(struct.pack("<Q", HUGE) + bytes(9),)), "bytes are announced"),
    "text": (file(entries=(entry("a", TEXT, struct.pack("<Q", HUGE)),)), "bytes are announced"),
    "no text": (file(entries=(entry("a", TEXT, struct.pack("<Q", 1) + b"\xff"),)), "can't decode byte"),
    "list": (file(entries=(entry("a", LIST, struct.pack("<IQ", 0, HUGE)),)), "numbers are announced"),
    "texts": (file(entries=(entry("a", LIST, struct.pack("<IQ", TEXT, HUGE)),)), "strings are announced"),
    "lists": (file(entries=(entry("a", LIST, struct.pack("<IQ", LIST, 1) * 99),)), "9 is not a type of list elements"),
    "type": (file(entries=(entry("a", 77, b"\0" * 8),)), "77 is not a type"),
    "twice": (file(entries=(entry("a", UINT32, b"\0" * 4),) * 2), "a is there twice"),
    "alignment": (file(entries=(entry("general.alignment", UINT32, struct.pack("<I", 3)),)), "not a power of two"),
    "no alignment": (
        file(entries=(entry("general.alignment", TEXT, text("32")),)),
        "'32', which is not a power",
    ),
    "no rows": (file(tensors=(tensor("a", (8, 0), F32, 0),)), "a has no numbers"),
    "dimensions": (file(tensors=(tensor("a", (1,) * 9, F32, 0),)), "a has 9 dimensions"),
    "kind": (file(tensors=(tensor("a", (8,), 99, 0),)), "99 is not a valid"),
    "blocks": (file(tensors=(tensor("a", (9,), 8, 0),), data=bytes(99)), "blocks of 32 cannot hold"),
    "shape": (file(tensors=(tensor("a", (HUGE, HUGE), F32, 0),), data=NUMBERS), "a ends at byte"),
    "beyond": (file(tensors=(tensor("a", (8,), F32, HUGE),), data=NUMBERS), "a ends at byte"),
    "cut short": (file(tensors=(ONE,), data=NUMBERS[:-1]), "a ends at byte"),
    "overlapping": (file(tensors=(ONE, tensor("b", (8,), F32, 16)), data=NUMBERS * 2), "b begins within another"),
    "same name": (file(tensors=(ONE, ONE), data=NUMBERS), "two tensors have the same name"),
    "in parts": (file(entries=(entry("split.count", UINT32, struct.pack("<I", 2)),)), "one of 2 parts: join them"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused(name: str, tmp_path: Path) -> None:
    content, complaint = HOSTILE[name]
    require_refused(lambda: content, complaint, tmp_path / "model.gguf")


def test_wherever_it_ends_too_early(tmp_path: Path) -> None:
    whole = file(
        entries=(entry("a", TEXT, text("b")), entry("c", LIST, struct.pack("<IQ", TEXT, 1) + text("d"))),
        tensors=(ONE,),
        data=NUMBERS,
    )
    (tmp_path / "whole.gguf").write_bytes(whole)
    assert read_header(tmp_path / "whole.gguf").metadata == {"a": "b", "c": ["d"]}
    for length in range(len(whole)):
        require_refused(lambda length=length: whole[:length], "is not a complete GGUF file", tmp_path / "model.gguf")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"missing\.gguf cannot be read: No such file"):
        read_header(tmp_path / "missing.gguf")


def test_numbers_are_the_shortest_that_mean_the_same(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(file(entries=(entry("a", 6, struct.pack("<f", 1e-5)),)))
    assert read_header(tmp_path / "model.gguf").metadata == {"a": 1e-5}


def require_refused(content: Callable[[], bytes], complaint: str, path: Path) -> None:
    """One line that tells why, and next to no memory."""
    path.write_bytes(content())
    require_gguf()
    tracemalloc.start()
    try:
        with pytest.raises(UserError) as raised:
            read_header(path)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)
    assert taken < 1 << 20
