"""The languages of multilingual encoder-decoders, which special tokens name.

mBART has the language of a text after its end, and starts the target with its language (Liu et al. 2020, section 2.2).
mBART-50 (Tang et al. 2020), M2M-100 (Fan et al. 2020) and NLLB have it before the text; that of the target follows the
start token.
"""

from dataclasses import replace

from cutaway.errors import UserError, nearest
from cutaway.text.post_processor import Ids, PostProcessor
from cutaway.text.tokenizer import Tokenizer


def language(tokenizer: Tokenizer) -> int | None:
    """The language of a source: the special token around a text that has no other role; None if there is none."""
    frame = tokenizer.frame or PostProcessor()
    return next((token for token in (*frame.before, *frame.after) if is_language(tokenizer, token)), None)


def is_language(tokenizer: Tokenizer, token: int | None) -> bool:
    """Whether a token may name a language: it is special and has no role, unless it is what a decoder starts with."""
    roles = {tokenizer.pad, tokenizer.unknown, tokenizer.begin, tokenizer.separator, tokenizer.mask, *tokenizer.ends}
    return token is not None and token not in roles and tokenizer.is_special(token)


def reading(tokenizer: Tokenizer, code: str) -> Tokenizer:
    """The tokenizer for sources in a language.

    Raises:
        UserError: it has no languages, or not this one.
    """
    token = _token(tokenizer, code)
    return tokenizer.with_frame(in_language(tokenizer, token))


def writing(tokenizer: Tokenizer, code: str) -> Tokenizer:
    """The tokenizer for targets in a language: the decoder starts with it, or with it after a start token of its own.

    Raises:
        UserError: it has no languages, or not this one.
    """
    token, start = _token(tokenizer, code), tokenizer.start
    if start in (None, tokenizer.begin) or is_language(tokenizer, start):
        return tokenizer.with_beginning(token, None)
    return tokenizer.with_beginning(start, token)


def in_language(tokenizer: Tokenizer, token: int) -> PostProcessor:
    """The special tokens around a text in the language of this token."""
    old, frame = language(tokenizer), tokenizer.frame or PostProcessor()

    def renamed(ids: Ids) -> Ids:
        return tuple(token if one == old else one for one in ids)

    before, between, after = (renamed(ids) for ids in frame.pair)
    return replace(frame, before=renamed(frame.before), after=renamed(frame.after), pair=(before, between, after))


def _token(tokenizer: Tokenizer, code: str) -> int:
    """The token of a language: its code, or the code in underscores as in M2M-100."""
    if language(tokenizer) is None:
        raise UserError(f"the tokenizer has no token for the language of a text: leave {code!r} out")
    known = {name: token for name, token in tokenizer.special_tokens.items() if is_language(tokenizer, token)}
    for name in (code, f"__{code}__"):
        if name in known:
            return known[name]
    raise UserError(f"the tokenizer has no language {code!r}; {nearest(code, known)}")
