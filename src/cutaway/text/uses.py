"""Special tokens around a text, by its use."""

from cutaway.errors import UserError
from cutaway.text.languages import in_language, is_language, language
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


def around_target(tokenizer: Tokenizer) -> PostProcessor:
    """For targets of an encoder-decoder, after the start token: those of a source, in the language of the target.

    Raises:
        UserError: sources have a language, but the tokenizer does not say that of targets.
    """
    frame = around_source(tokenizer)
    if language(tokenizer) is None:
        return frame
    known = [token for token in (tokenizer.first, tokenizer.start) if is_language(tokenizer, token)]
    if not known or known[0] is None:
        raise UserError(
            "the tokenizer has a language for sources and none for targets: add the id of its token as "
            "forced_bos_token_id to generation_config.json"
        )
    return in_language(tokenizer, known[0])


def before_prompt(tokenizer: Tokenizer) -> tuple[int, ...]:
    """For prompts: those that the tokenizer's file has before a text."""
    return () if tokenizer.frame is None else tokenizer.frame.before


def _only(token: int | None) -> tuple[int, ...]:
    return () if token is None else (token,)
