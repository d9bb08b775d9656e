"""A tokenizer whose words are known beforehand."""

from collections.abc import Iterable

from tokenizers import Tokenizer as Inner
from tokenizers import models, pre_tokenizers

from cutaway.text.tokenizer import Tokenizer


def tokenizer_of_words(words: Iterable[str]) -> Tokenizer:
    """One token a word, in this order from 0 on; white space parts words, and decoding puts spaces between them."""
    inner = Inner(models.WordLevel({word: i for i, word in enumerate(words)}))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return Tokenizer(inner)
