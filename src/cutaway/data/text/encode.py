"""Chunks of text -> shards of token ids."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.data.text.corpus import Part
from cutaway.data.text.scan import Progress, Scan
from cutaway.data.text.shards import open_shard, token_type, write_shard
from cutaway.data.text.split import Chunk
from cutaway.errors import UserError
from cutaway.text.chunks import BATCH_CHARACTERS, in_groups
from cutaway.text.tokenizer import END_OF_TEXT, Tokenizer


class Encoder:
    """Encodes a text in order, with an end token after each document if there are several, and counts.

    Raises:
        UserError: there are several documents, but the tokenizer has no end token.
    """

    def __init__(self, tokenizer: Tokenizer, scan: Scan, progress: Progress) -> None:
        if scan.documents > 1 and tokenizer.end is None:
            raise UserError(
                f"the tokenizer has no {END_OF_TEXT} to separate {scan.documents:,} documents: "
                f"join them into one text, or choose another tokenizer"
            )
        self._tokenizer = tokenizer
        self._end = [tokenizer.end] if scan.documents > 1 else []
        self._type = token_type(tokenizer.vocabulary)
        self._progress = progress
        self._total = scan.characters
        self.done = 0
        """The number of characters done."""

    def write_part(self, chunks: Iterable[Chunk], path: Callable[[int], Path], shard_characters: int) -> Part:
        """Writes the shards that do not exist yet. Their contents depend on the text only."""
        before = self.done
        shards = []
        for number, group in enumerate(in_groups(chunks, shard_characters, _length)):
            if path(number).exists():
                self._count(group)
            else:
                write_shard(path(number), self._encode(group))
            shards.append(len(open_shard(path(number), self._tokenizer.vocabulary)))
        return Part(characters=self.done - before, shards=tuple(shards))

    def _encode(self, chunks: Iterable[Chunk]) -> list[NDArray[Any]]:
        tokens = []
        for batch in in_groups(chunks, BATCH_CHARACTERS, _length):
            encoded = self._tokenizer.encode_batch([chunk.text for chunk in batch])
            for chunk, ids in zip(batch, encoded, strict=True):
                tokens.append(np.array(ids + self._end if chunk.ends_document else ids, self._type))
            self._count(batch)
        return tokens

    def _count(self, chunks: Iterable[Chunk]) -> None:
        self.done += sum(map(_length, chunks))
        self._progress(self.done, self._total)


def _length(chunk: Chunk) -> int:
    return len(chunk.text)
