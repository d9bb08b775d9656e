"""Splitting long text into chunks: tokenizer libraries use hundreds of bytes per character that they encode at once."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

CHUNK_CHARACTERS = 1 << 14
BATCH_CHARACTERS = 1 << 17

Item = TypeVar("Item")


def rechunk(pieces: Iterable[str], size: int = CHUNK_CHARACTERS) -> Iterator[str]:
    """Splits a text, given in pieces of any length, into chunks of at most `size` characters.

    Chunks depend on the text only, not on its pieces. They end before white space if possible, so that tokenizers that
    split text into words with a leading space give the same tokens as for the whole text.
    """
    buffer = ""
    for piece in pieces:
        for start in range(0, len(piece), size):
            buffer += piece[start : start + size]
            while len(buffer) > size:
                end = _word_end(buffer, size)
                yield buffer[:end]
                buffer = buffer[end:]
    if buffer:
        yield buffer


def in_groups(items: Iterable[Item], characters: int, length: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Groups items until they have at least this many characters together; the last group may have fewer."""
    group: list[Item] = []
    total = 0
    for item in items:
        group.append(item)
        total += length(item)
        if total >= characters:
            yield group
            group, total = [], 0
    if group:
        yield group


def _word_end(text: str, limit: int) -> int:
    """The last position up to `limit` between a word and white space; `limit` if the second half has none."""
    for end in range(limit, limit // 2, -1):
        if text[end] in " \n" and not text[end - 1].isspace():
            return end
    return limit
