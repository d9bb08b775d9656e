"""Many short texts as tokens."""

from collections import Counter
from collections.abc import Sequence

from cutaway.text.chunks import BATCH_CHARACTERS, in_groups
from cutaway.text.tokenizer import Tokenizer


def encode_texts(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """The token ids of each text.

    Raises:
        UserError: a text holds characters that the tokenizer never saw, and it has no unknown token.
    """
    return [ids for group in in_groups(texts, BATCH_CHARACTERS, len) for ids in tokenizer.encode_batch(group)]


def cut(rows: Sequence[list[int]], limit: int, truncated: Counter[str]) -> list[list[int]]:
    """Keeps the first `limit` tokens of each row, the last of them being the row's own last; counts what was cut."""
    if longer := sum(len(row) > limit for row in rows):
        truncated[f"cut to {limit} tokens"] += longer
    return [row if len(row) <= limit else [*row[: limit - 1], row[-1]] for row in rows]
