"""Counting a text: its size, its documents, its characters."""

import hashlib
from collections.abc import Callable

from cutaway.config.record import Record
from cutaway.data.text.sources import Source
from cutaway.errors import UserError

# Separates documents in the hash. UTF-8 never contains this byte, so a single document has the hash of its file.
BOUNDARY = b"\xff"
PROGRESS_CHARACTERS = 1 << 20

Progress = Callable[[int, int | None], None]
"""Called with the number of characters done, and the total, which is None while it is being counted."""


class Scan(Record):
    """The contents of a source."""

    characters: int
    documents: int
    distinct: int
    """The number of different characters."""
    sha256: str
    """Of its UTF-8 encoding."""
    skipped: dict[str, int]
    """What was skipped, with counts by reason."""


def scan_source(source: Source, progress: Progress) -> tuple[Scan, set[str]]:
    """Reads a source once; also returns its alphabet. Empty documents are skipped.

    Raises:
        UserError: it cannot be read, is empty, or repeats a single character.
    """
    characters = documents = empty = reported = 0
    alphabet: set[str] = set()
    digest = hashlib.sha256()
    for document in source.documents():
        before = characters
        for piece in document:
            if piece and characters == before and documents:
                digest.update(BOUNDARY)
            characters += len(piece)
            alphabet.update(piece)
            digest.update(piece.encode())
            if characters - reported >= PROGRESS_CHARACTERS:
                reported = characters
                progress(reported, None)
        documents += characters > before
        empty += characters == before
    if not characters:
        raise UserError(f"{source.name} is empty: give a text to learn from")
    if len(alphabet) == 1:
        raise UserError(f"{source.name} holds one character only, {alphabet.pop()!r}: there is nothing to learn")
    skipped = dict(source.skipped) | ({"empty": empty} if empty else {})
    scan = Scan(
        characters=characters,
        documents=documents,
        distinct=len(alphabet),
        sha256=digest.hexdigest(),
        skipped=skipped,
    )
    return scan, alphabet
