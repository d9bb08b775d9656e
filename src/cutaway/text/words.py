"""Tokenizers of given words."""

from collections.abc import Iterable

from tokenizers import Tokenizer as Inner
from tokenizers import models, pre_tokenizers

from cutaway.text.tokenizer import Tokenizer


def tokenizer_of_words(words: Iterable[str]) -> Tokenizer:
    """One token per word, with ids in this order; text is split at white space, and decoding joins words by spaces."""
    inner = Inner(models.WordLevel({word: i for i, word in enumerate(words)}))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return Tokenizer(inner)
