"""Tokens that are no text, by what they are for."""

import re
from collections.abc import Iterable
from typing import Literal

END_OF_TEXT = "<|endoftext|>"

UNDERSTANDING = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""What encoders train with, as BERT spells it."""

WRITING = ("<pad>", "<unk>", "<s>", "</s>")
"""What sequence to sequence trains with, as SentencePiece spells it."""

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
"""How the token of a role may be spelt, the preferred spelling first."""


def spelt(role: Role, tokens: Iterable[str]) -> str | None:
    """The one of these tokens that has the role, if there is one."""
    known = set(tokens)
    return next((spelling for spelling in SPELLINGS[role] if spelling in known), None)


def beginnings(tokens: Iterable[str]) -> str:
    """A regular expression for the first character of whatever is spelt like one of these tokens."""
    return "|".join(f"{re.escape(token[0])}(?={re.escape(token[1:])})" for token in tokens)
