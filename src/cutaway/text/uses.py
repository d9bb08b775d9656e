"""What stands around a text, by what it is read for."""

from cutaway.text.post_processor import PostProcessor
from cutaway.text.tokenizer import Tokenizer


def around_text(tokenizer: Tokenizer) -> PostProcessor:
    """For a model that says something of a text: what the tokenizer's file says, or else begin token and separator."""
    if tokenizer.frame is not None:
        return tokenizer.frame
    begin, separator = _only(tokenizer.begin), _only(tokenizer.separator)
    return PostProcessor(begin, separator, (begin, separator, separator), second_segment=1)


def around_source(tokenizer: Tokenizer) -> PostProcessor:
    """For a model that writes from a text: what the tokenizer's file says, or else the end token behind it."""
    return PostProcessor(after=_only(tokenizer.end)) if tokenizer.frame is None else tokenizer.frame


def before_prompt(tokenizer: Tokenizer) -> tuple[int, ...]:
    """For a model that writes on: what the tokenizer's file puts before a text."""
    return () if tokenizer.frame is None else tokenizer.frame.before


def _only(token: int | None) -> tuple[int, ...]:
    return () if token is None else (token,)
