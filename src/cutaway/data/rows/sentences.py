"""A text as tokens, for a model that says something of it."""

from collections.abc import Sequence

from cutaway.data.rows.texts import encode_texts, framed
from cutaway.text.tokenizer import Tokenizer


def sentences(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Texts as tokens, each between the begin token and the separator."""
    return [framed(tokenizer, ids) for ids in encode_texts(tokenizer, texts)]
