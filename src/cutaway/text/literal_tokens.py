"""Keeping text that is spelt like a special token apart from special tokens."""

import re
from collections.abc import Iterable, Sequence

import tokenizers
from tokenizers import AddedToken, Regex, normalizers, pre_tokenizers

from cutaway.errors import UserError
from cutaway.text.special import beginnings

QUOTE = "\U0010ffff"
"""A noncharacter (reserved by Unicode for internal use) that marks text as literal."""


def keep_apart(specials: Iterable[str], *, alone: bool = False) -> pre_tokenizers.PreTokenizer:
    """Splits text that is spelt like a special token after its first character, so that no word equals one.

    Args:
        specials: the spellings.
        alone: whether to split before that character, too.
    """
    return pre_tokenizers.Split(Regex(beginnings(specials)), "isolated" if alone else "merged_with_previous")


def require_apart(inner: tokenizers.Tokenizer, specials: Sequence[str]) -> None:
    """Changes a tokenizer that would find special tokens in text, because they are in its vocabulary."""
    found = [special for special in specials if _is_found(inner, special)]
    if found:
        before = [] if inner.pre_tokenizer is None else [inner.pre_tokenizer]
        inner.pre_tokenizer = pre_tokenizers.Sequence([*before, keep_apart(found)])


def recognizing(inner: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """A copy that reads spelt special tokens as such, unless they are quoted."""
    copy = tokenizers.Tokenizer.from_str(inner.to_str())
    copy.encode_special_tokens = False
    unquoted = normalizers.Replace(QUOTE, "")
    copy.normalizer = unquoted if copy.normalizer is None else normalizers.Sequence([unquoted, copy.normalizer])
    # Tokens that are searched in normalized text would be found where a quote was removed.
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
    """Marks text that is spelt like a special token as literal.

    Raises:
        UserError: the text contains the mark itself.
    """
    if QUOTE in text:
        raise UserError("the text contains U+10FFFF, which is not a character: remove it")
    return re.sub(beginnings(specials), rf"\g<0>{QUOTE}", text) if specials else text


def _is_found(inner: tokenizers.Tokenizer, special: str) -> bool:
    token = inner.token_to_id(special)
    for text in (special, f"a{special}a", f" {special}"):
        try:
            if token in inner.encode(text, add_special_tokens=False).ids:
                return True
        except Exception:  # the library has no more specific exception
            continue  # what cannot be encoded is not a token
    return False
