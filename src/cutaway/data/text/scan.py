"""A first look at a whole text: how much there is, and of what."""

import hashlib
from collections.abc import Callable

from cutaway.config.record import Record
from cutaway.data.text.sources import Source
from cutaway.errors import UserError

# Stands between documents in the hash. UTF-8 never holds this byte, so a single document hashes like its file.
BOUNDARY = b"\xff"
PROGRESS_CHARACTERS = 1 << 20

Progress = Callable[[int, int | None], None]
"""Told how many characters are done, of how many: None while they are being counted."""


class Scan(Record):
    """What a source holds."""

    characters: int
    documents: int
    distinct: int
    """How many different characters."""
    sha256: str
    """Of its UTF-8."""
    skipped: dict[str, int]
    """What was left out, and how many of each."""


def scan_source(source: Source, progress: Progress) -> tuple[Scan, set[str]]:
    """Reads a source once; also returns its alphabet. Empty documents are left out.

    Raises:
        UserError: it cannot be read, is empty, or is one character over and over.
    """
    characters = documents = empty = told = 0
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
            if characters - told >= PROGRESS_CHARACTERS:
                told = characters
                progress(told, None)
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
