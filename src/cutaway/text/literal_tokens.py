"""Text that is spelt like a special token, and special tokens: never taken for one another."""

import re
from collections.abc import Iterable, Sequence

import tokenizers
from tokenizers import AddedToken, Regex, normalizers, pre_tokenizers

from cutaway.errors import UserError
from cutaway.text.special import beginnings

QUOTE = "\U0010ffff"
"""No character (Unicode sets it aside for what a program needs within itself); marks what is text in any case."""


def keep_apart(specials: Iterable[str], *, alone: bool = False) -> pre_tokenizers.PreTokenizer:
    """Cuts what is spelt like a special token behind its first character, so that no word of a text is one.

    Args:
        specials: the spellings.
        alone: cuts in front of that character, too.
    """
    return pre_tokenizers.Split(Regex(beginnings(specials)), "isolated" if alone else "merged_with_previous")


def require_apart(inner: tokenizers.Tokenizer, specials: Sequence[str]) -> None:
    """Changes a tokenizer which does not look for special tokens, but finds them in its vocabulary all the same."""
    found = [special for special in specials if _is_found(inner, special)]
    if found:
        before = [] if inner.pre_tokenizer is None else [inner.pre_tokenizer]
        inner.pre_tokenizer = pre_tokenizers.Sequence([*before, keep_apart(found)])


def recognizing(inner: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """A copy that takes what is spelt like a special token for one, unless it is quoted."""
    copy = tokenizers.Tokenizer.from_str(inner.to_str())
    copy.encode_special_tokens = False
    unquoted = normalizers.Replace(QUOTE, "")
    copy.normalizer = unquoted if copy.normalizer is None else normalizers.Sequence([unquoted, copy.normalizer])
    # Those that are looked for in normalized text would be found where a quote was taken out.
    copy.add_special_tokens(
        [
            AddedToken(
                token.content,
                special=True,
                normalized=False,
                single_word=token.single_word,
                lstrip=token.lstrip,
                rstrip=token.rstrip,
            )
            for token in copy.get_added_tokens_decoder().values()
            if token.special
        ]
    )
    return copy


def quote(text: str, specials: Sequence[str]) -> str:
    """Marks what is spelt like a special token as text.

    Raises:
        UserError: the text holds the mark itself.
    """
    if QUOTE in text:
        raise UserError("the text holds U+10FFFF, which is no character: take it out")
    return re.sub(beginnings(specials), rf"\g<0>{QUOTE}", text) if specials else text


def _is_found(inner: tokenizers.Tokenizer, special: str) -> bool:
    token = inner.token_to_id(special)
    for text in (special, f"a{special}a", f" {special}"):
        try:
            if token in inner.encode(text, add_special_tokens=False).ids:
                return True
        except Exception:  # the library raises nothing more precise
            continue  # what cannot be encoded is no token
    return False
