"""Documents -> the training part and then the validation part, in chunks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal

from cutaway.data.readers import Document
from cutaway.text.chunks import rechunk


@dataclass(frozen=True)
class Chunk:
    """A piece of one document, in one of the parts."""

    text: str
    part: Literal["training", "validation"]
    ends_document: bool


def training_characters(characters: int, validation: float) -> int:
    """The number of characters of the training part."""
    return int(characters * (1 - validation))


def in_parts(documents: Iterable[Document], cut: int) -> Iterator[Chunk]:
    """Splits text into chunks, of which the first `cut` characters are for training and the rest for validation.

    A document may be split between the parts. Empty documents are dropped.
    """
    position = 0
    for document in documents:
        for text, following in pairwise(chain(rechunk(document), [""])):
            is_last = not following
            head, tail = text[: max(cut - position, 0)], text[max(cut - position, 0) :]
            if head:
                yield Chunk(head, "training", ends_document=is_last and not tail)
            if tail:
                yield Chunk(tail, "validation", ends_document=is_last)
            position += len(text)
