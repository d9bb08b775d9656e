"""Finding text that a tokenizer without an unknown token cannot read, before the library fails."""

from collections.abc import Collection, Sequence

import tokenizers
from tokenizers.models import WordLevel

from cutaway.errors import UserError, counted

NAMED = 8
"""The most characters or words that a message names."""


class Unseen:
    """The characters of texts that a tokenizer does not have, or the words if its tokens are whole words.

    Args:
        inner: the tokenizer.
        special: its special tokens, which are not part of texts.
        has_unknown: whether it has an unknown token.
    """

    def __init__(self, inner: tokenizers.Tokenizer, special: Collection[str], *, has_unknown: bool) -> None:
        self._inner = inner
        self._seen: set[str] = set()
        self._knows_words = False
        if isinstance(inner.model, WordLevel) and not has_unknown:
            words = inner.get_vocab(with_added_tokens=False).keys() - set(special)
            self._knows_words = any(len(word) > 1 for word in words)

    def refuse(self, texts: Sequence[str]) -> None:
        """Rejects texts that cannot be read.

        Raises:
            UserError: names what cannot be read.
        """
        fresh = self._units(texts) - self._seen
        unseen = sorted(unit for unit in fresh if not self._can_read(unit))
        self._seen |= fresh.difference(unseen)
        if unseen:
            named = ", ".join(map(repr, unseen[:NAMED])) + ("…" if len(unseen) > NAMED else "")
            count = counted(len(unseen), "word" if self._knows_words else "character")
            raise UserError(f"the tokenizer lacks {named} ({count}): remove them from the text, or train with them")

    def words(self, text: str) -> list[str]:
        """The parts of a text that the inner model reads separately."""
        normalizer, parts = self._inner.normalizer, self._inner.pre_tokenizer
        normal = text if normalizer is None else normalizer.normalize_str(text)
        return [normal] if parts is None else [word for word, _ in parts.pre_tokenize_str(normal)]

    def _units(self, texts: Sequence[str]) -> set[str]:
        """What is read or rejected as a whole: characters or words."""
        characters = set().union(*texts)
        try:
            return {word for text in texts for word in self.words(text)} if self._knows_words else characters
        except UnicodeError:  # half a surrogate pair: the library does not accept such text
            return characters

    def _can_read(self, unit: str) -> bool:
        """Whether it has tokens; what normalisation removes needs none."""
        try:
            ids = self._inner.encode(unit, add_special_tokens=False).ids
        except Exception:  # the library has no more specific exception
            return False
        normalizer = self._inner.normalizer
        left = unit if normalizer is None else normalizer.normalize_str(unit)
        return bool(ids) or not left or left.isspace() or not left.isprintable()
