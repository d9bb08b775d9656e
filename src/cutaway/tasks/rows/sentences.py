"""A text as tokens, for a model that says something of it."""

from collections.abc import Sequence

from cutaway.tasks.rows.texts import encode_texts
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_text


def sentences(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Texts as tokens, each with what stands around it: the begin token and the separator."""
    frame = around_text(tokenizer)
    return [frame.around(ids) for ids in encode_texts(tokenizer, texts)]
