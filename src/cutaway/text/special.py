"""Roles of special tokens, and their usual spellings."""

import re
from collections.abc import Iterable
from typing import Literal

END_OF_TEXT = "<|endoftext|>"

UNDERSTANDING = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""Roles of an encoder's special tokens, spelt as in BERT."""

WRITING = ("<pad>", "<unk>", "<s>", "</s>")
"""Roles of an encoder-decoder's special tokens, spelt as in SentencePiece."""

Role = Literal["pad", "unknown", "begin", "start", "first", "separator", "end", "mask"]

SPELLINGS: dict[Role, tuple[str, ...]] = {
    "pad": ("[PAD]", "<pad>"),
    "unknown": ("[UNK]", "<unk>"),
    "begin": ("[CLS]", "<s>"),
    "start": (),
    "first": (),
    "separator": ("[SEP]", "</s>"),
    "end": (END_OF_TEXT, "</s>", "[SEP]"),
    "mask": ("[MASK]", "<mask>"),
}
"""The spellings of each role, the preferred one first."""


def spelt(role: Role, tokens: Iterable[str]) -> str | None:
    """The token among these that has the role, if there is one."""
    known = set(tokens)
    return next((spelling for spelling in SPELLINGS[role] if spelling in known), None)


def beginnings(tokens: Iterable[str]) -> str:
    """A regular expression for the first character of text that is spelt like one of these tokens."""
    return "|".join(f"{re.escape(token[0])}(?={re.escape(token[1:])})" for token in tokens)
