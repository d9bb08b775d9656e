"""Texts as tokens, for models that read or write them."""

from collections import Counter
from collections.abc import Sequence

from cutaway.errors import UserError
from cutaway.text.chunks import BATCH_CHARACTERS, in_groups
from cutaway.text.post_processor import PostProcessor
from cutaway.text.special import Role
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_target, around_text


def encode_texts(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """The token ids of each text.

    Raises:
        UserError: a text holds characters that the tokenizer does not have, and it has no unknown token.
    """
    return [ids for group in in_groups(texts, BATCH_CHARACTERS, len) for ids in tokenizer.encode_batch(group)]


def encode_inputs(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Texts as tokens with the special tokens around an input, such as ``[CLS]`` and ``[SEP]``."""
    special = around_text(tokenizer)
    return [special.around(ids) for ids in encode_texts(tokenizer, texts)]


def encode_targets(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Texts as tokens for a decoder to generate: the start token, then the text with its end token.

    Raises:
        UserError: the tokenizer lacks one of these.
    """
    start = require_role(tokenizer, "target", "start")
    require_role(tokenizer, "target", "end")
    special = around_target(tokenizer)
    return [[start, *special.around(ids)] for ids in encode_texts(tokenizer, texts)]


def require_role(tokenizer: Tokenizer, side: str, role: Role) -> int:
    """The special token of a role.

    Raises:
        UserError: the tokenizer of this side lacks it.
    """
    token: int | None = getattr(tokenizer, role)
    if token is None:
        raise UserError(f"the tokenizer of the {side} has no {role} token: train another one")
    return token


def truncate(rows: Sequence[list[int]], limit: int, frame: PostProcessor, truncated: Counter[str]) -> list[list[int]]:
    """Keeps the first `limit` tokens per row, the special tokens after its text among them; counts the rows cut."""
    after = frame.after
    kept = max(0, limit - len(after))
    if longer := sum(len(row) > limit for row in rows):
        truncated[f"cut to {limit} tokens"] += longer
    return [row if len(row) <= limit else [*row[:kept], *after] for row in rows]


def require_no_empty(texts: Sequence[str], what: str) -> None:
    """Rejects texts that are empty or white space.

    Raises:
        UserError: names the first such text, and what cannot be done with it.
    """
    for number, text in enumerate(texts, 1):
        if not text.strip():
            which = f"text {number} is empty, and" if len(texts) > 1 else "an empty text"
            raise UserError(f"{which} {what}: remove it")


def require_fitting(rows: Sequence[Sequence[int]], limit: int) -> None:
    """Rejects rows that are longer than the model's context: nothing is truncated silently.

    Raises:
        UserError: names the first such row and its length.
    """
    for number, row in enumerate(rows, 1):
        if len(row) > limit:
            which = f"text {number}" if len(rows) > 1 else "the text"
            raise UserError(f"{which} has {len(row)} tokens, but the model takes at most {limit}: shorten or split it")
