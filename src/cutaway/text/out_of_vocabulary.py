"""What a tokenizer without an unknown token cannot read, told before the library is asked."""

from collections.abc import Collection, Sequence

import tokenizers
from tokenizers.models import WordLevel

from cutaway.errors import UserError

NAMED = 8
"""How many are named where there are more."""


class Unseen:
    """The characters of texts, or the words if a tokenizer knows whole words alone, that it never saw.

    Args:
        inner: the tokenizer.
        special: its special tokens, which are no words of a text.
        has_unknown: whether it has a token for what it never saw.
    """

    def __init__(self, inner: tokenizers.Tokenizer, special: Collection[str], *, has_unknown: bool) -> None:
        self._inner = inner
        self._seen: set[str] = set()
        self._knows_words = False
        if isinstance(inner.model, WordLevel) and not has_unknown:
            words = inner.get_vocab(with_added_tokens=False).keys() - set(special)
            self._knows_words = any(len(word) > 1 for word in words)

    def refuse(self, texts: Sequence[str]) -> None:
        """Names what cannot be read.

        Raises:
            UserError: there is such.
        """
        fresh = self._units(texts) - self._seen
        unseen = sorted(unit for unit in fresh if not self._can_read(unit))
        self._seen |= fresh.difference(unseen)
        if unseen:
            named = ", ".join(map(repr, unseen[:NAMED])) + ("…" if len(unseen) > NAMED else "")
            count = f"{len(unseen)} {'word' if self._knows_words else 'character'}{'s' if len(unseen) > 1 else ''}"
            raise UserError(f"the tokenizer never saw {named} ({count}): take them out of the text, or train with them")

    def words(self, text: str) -> list[str]:
        """The parts of a text that the model inside is given one by one."""
        normalizer, parts = self._inner.normalizer, self._inner.pre_tokenizer
        normal = text if normalizer is None else normalizer.normalize_str(text)
        return [normal] if parts is None else [word for word, _ in parts.pre_tokenize_str(normal)]

    def _units(self, texts: Sequence[str]) -> set[str]:
        """What is read or refused as a whole."""
        characters = set().union(*texts)
        try:
            return {word for text in texts for word in self.words(text)} if self._knows_words else characters
        except UnicodeError:  # half a surrogate pair: the library takes no such text
            return characters

    def _can_read(self, unit: str) -> bool:
        """Whether it gives tokens by itself; what prints nothing, or not any more, may be dropped by design."""
        try:
            ids = self._inner.encode(unit, add_special_tokens=False).ids
        except Exception:  # the library raises nothing more precise
            return False
        normalizer = self._inner.normalizer
        left = unit if normalizer is None else normalizer.normalize_str(unit)
        return bool(ids) or not left or left.isspace() or not left.isprintable()
