"""Seeded mutations of a file: of its bytes, of its words and lines, and of the JSON in it."""

import json
import re
import struct
from collections.abc import Callable
from random import Random
from typing import Any

NUMBERS = ("0", "-1", "1", "1e400", "NaN", "9" * 400, "9" * 5000, "4294967295", "18446744073709551616", "0.5", "1e-320")
WORDS = (
    "",
    "null",
    "true",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "%",
    "#",
    "\t",
    "\\",
    "\r",
    "\u2028",
    "\ufeff",
    "\0",
    "é",
    "漢",
)
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2,
        7,
        10**6,
        10**9,
        2**31,
        2**63,
        10**30,
        0.5,
        -0.0,
        1e300,
        float("nan"),
        float("inf"),
    ),
    *("", "x", "\u2028", "a" * 10_000, "\ud800", [], {}, [[]], [1], [None], {"": None}, {"kind": "x"}, [0] * 5000),
)
INTEGERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def mutated(name: str, content: bytes, random: Random) -> bytes:
    """Another file than the given one, in most cases."""
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        content = random.choice(WAYS.get(name, WAYS_OF_TEXT))(content, random)
    return content


def of_bytes(content: bytes, random: Random) -> bytes:
    start = random.randrange(min(len(content), random.choice((64, 4096, 1 << 30))) + 1)
    end = min(len(content), start + random.choice((1, 2, 4, 8, 100)))
    match random.randrange(6):
        case 0:
            return content[:start] + random.randbytes(end - start) + content[end:]
        case 1:
            return content[:start] + content[end:]
        case 2:
            return content[:start]
        case 3:
            return content[:end] + content[start:end] * random.choice((1, 2, 1000)) + content[end:]
        case 4:
            flipped = bytes(byte ^ 1 << random.randrange(8) for byte in content[start:end])
            return content[:start] + flipped + content[end:]
        case _:
            width = random.choice((1, 2, 4, 8))
            number = random.choice(INTEGERS) & ((1 << 8 * width) - 1)
            return content[:start] + number.to_bytes(width, "little") + content[start + width :]


def of_words(content: bytes, random: Random) -> bytes:
    parts = re.split(r"(\w+|\s+)", content.decode(errors="surrogateescape"))
    place = random.randrange(len(parts))
    match random.randrange(5):
        case 0:
            digits = [i for i, part in enumerate(parts) if part.isdecimal()] or [place]
            parts[random.choice(digits)] = random.choice(NUMBERS)
        case 1:
            parts[place] = random.choice(WORDS) * random.choice((1, 1, 3, 2000))
        case 2:
            parts[place] = random.choice(parts)
        case 3:
            parts[place] = random.choice("[{(") * random.choice((30, 300, 100_000))
        case _:
            parts[place] *= random.choice((0, 2, 20_000))
    return "".join(parts).encode(errors="surrogateescape")


def of_lines(content: bytes, random: Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    place = random.randrange(len(lines))
    match random.randrange(5):
        case 0:
            del lines[place]
        case 1:
            lines[place] *= random.choice((2, 500))
        case 2:
            lines[place] = random.choice(lines).lstrip()
        case 3:
            random.shuffle(lines)
        case _:
            lines[place] = lines[place].rstrip(b"\n") + random.choice((b"\r", b"\r\n", b"\n\n", b"\x85", b""))
    return b"".join(lines)


def of_json(content: bytes, random: Random) -> bytes:
    """A JSON text with another value or key in a place, at any depth."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):  # of several mutations, this is not the first
        return of_words(content, random)
    places: list[tuple[Any, Any]] = []
    _collect(value, places)
    if not places:
        return content
    holder, key = random.choice(places)
    if isinstance(holder, dict) and random.randrange(4) == 0:
        holder[random.choice(("", "x", key + "x"))] = holder.pop(key)
    elif random.randrange(5) == 0:
        del holder[key]
    else:
        holder[key] = random.choice((*VALUES, random.choice(places)[0], NESTED))
    try:
        return json.dumps(value).encode()
    except ValueError:  # it contains itself
        return content


def of_row(content: bytes, random: Random) -> bytes:
    """JSON lines of which one has another value or key in a place."""
    lines = content.split(b"\n")
    place = random.randrange(len(lines))
    lines[place] = of_json(lines[place], random)
    return b"\n".join(lines)


NESTED: Any = None
for _ in range(200):
    NESTED = [NESTED]


def of_header(content: bytes, random: Random) -> bytes:
    """A safetensors file with another header."""
    (size,) = struct.unpack("<Q", content[:8].ljust(8, b"\0"))
    header = of_json(content[8 : 8 + size], random)
    return struct.pack("<Q", len(header)) + header + content[8 + size :]


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    keys = range(len(value)) if isinstance(value, list) else list(value) if isinstance(value, dict) else ()
    for key in keys:
        places.append((value, key))
        _collect(value[key], places)


Mutation = Callable[[bytes, Random], bytes]
WAYS_OF_TEXT: tuple[Mutation, ...] = (of_bytes, of_words, of_words, of_lines)
WAYS_OF_JSON: tuple[Mutation, ...] = (of_bytes, of_words, of_json, of_json, of_json)
WAYS_OF_ROWS: tuple[Mutation, ...] = (*WAYS_OF_TEXT, of_row, of_row, of_row)
WAYS: dict[str, tuple[Mutation, ...]] = {
    "model.safetensors": (of_bytes, of_header),
    "model.gguf": (of_bytes,),
    **dict.fromkeys(("sound.wav", "images.npz"), (of_bytes,)),
    **dict.fromkeys(("config.json", "tokenizer.json", "squad.json"), WAYS_OF_JSON),
    **dict.fromkeys(("columns.json", "parts.json", "pairs.json"), WAYS_OF_JSON),
    **dict.fromkeys(("tagged.jsonl", "labelled.jsonl"), WAYS_OF_ROWS),
}
