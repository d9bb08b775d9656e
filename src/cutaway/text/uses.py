"""Special tokens around a text, by its use."""

from cutaway.text.post_processor import PostProcessor
from cutaway.text.tokenizer import Tokenizer


def around_text(tokenizer: Tokenizer) -> PostProcessor:
    """For encoders: those of the tokenizer's file, or otherwise the begin token and the separator."""
    if tokenizer.frame is not None:
        return tokenizer.frame
    begin, separator = _only(tokenizer.begin), _only(tokenizer.separator)
    return PostProcessor(begin, separator, (begin, separator, separator), second_segment=1)


def around_window(tokenizer: Tokenizer) -> PostProcessor:
    """For masked language models, which read windows of a text: those of the tokenizer's file, if it has any."""
    return PostProcessor() if tokenizer.frame is None else tokenizer.frame


def around_source(tokenizer: Tokenizer) -> PostProcessor:
    """For sources of an encoder-decoder: those of the tokenizer's file, or otherwise the end token after the text."""
    return PostProcessor(after=_only(tokenizer.end)) if tokenizer.frame is None else tokenizer.frame


def before_prompt(tokenizer: Tokenizer) -> tuple[int, ...]:
    """For prompts: those that the tokenizer's file has before a text."""
    return () if tokenizer.frame is None else tokenizer.frame.before


def _only(token: int | None) -> tuple[int, ...]:
    return () if token is None else (token,)
