"""The words of a sentence as tokens, and the tags of those tokens that begin a word."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.data.examples import Tagged
from cutaway.data.rows.labels import number_of
from cutaway.nn.losses import IGNORED
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_text


@dataclass(frozen=True)
class WordsRow:
    """Token ids; where each word begins; and for each token the number of a tag, or `IGNORED` inside a word."""

    tokens: list[int]
    starts: list[int]
    targets: list[int]

    @property
    def lengths(self) -> tuple[int]:
        """How long the sentence is."""
        return (len(self.tokens),)


def align(tokenizer: Tokenizer, words: Sequence[str]) -> tuple[list[int], list[int]]:
    """A sentence's tokens, with what stands around them, and the place of each word's first token."""
    pieces = tokenizer.encode_words(words)
    frame = around_text(tokenizer)
    place = len(frame.before)
    starts = []
    for word in pieces:
        starts.append(place)
        place += len(word)
    return frame.around([token for word in pieces for token in word]), starts


def word_rows(
    tokenizer: Tokenizer, examples: Sequence[Tagged], known: Sequence[str], limit: int, counted: Counter[str]
) -> list[WordsRow]:
    """Sentences as tokens and tags; those of more than `limit` tokens are left out, and counted.

    Raises:
        UserError: a tag is none that the model knows.
    """
    rows = []
    for example in examples:
        tokens, starts = align(tokenizer, example.words)
        targets = [IGNORED] * len(tokens)
        for start, tag in zip(starts, example.tags, strict=True):
            targets[start] = number_of(tag, known)
        rows.append(WordsRow(tokens, starts, targets))
    fitting = [row for row in rows if len(row.tokens) <= limit]
    if len(fitting) < len(rows):
        counted[f"longer than {limit} tokens"] += len(rows) - len(fitting)
    return fitting
