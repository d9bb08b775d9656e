"""Documents -> the training part and, after it, the validation part, in chunks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal

from cutaway.data.readers import Document
from cutaway.text.chunks import rechunk


@dataclass(frozen=True)
class Chunk:
    """A stretch of one document, of one part."""

    text: str
    part: Literal["training", "validation"]
    ends_document: bool


def training_characters(characters: int, validation: float) -> int:
    """Where the text is cut: how many of its characters are trained on."""
    return int(characters * (1 - validation))


def in_parts(documents: Iterable[Document], cut: int) -> Iterator[Chunk]:
    """Cuts text into chunks such that the first `cut` characters are for training and the rest for validation.

    A document may end up in both parts. Empty documents leave no trace.
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
