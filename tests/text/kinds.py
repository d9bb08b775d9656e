"""A small tokenizer of every kind, trained on the same prose."""

from cutaway.config.tokenizer import (
    BPETokenizer,
    ByteTokenizer,
    CharTokenizer,
    TokenizerConfig,
    UnigramTokenizer,
    WordPieceTokenizer,
    WordTokenizer,
)
from cutaway.text.special import UNDERSTANDING, WRITING
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer

PROSE = [
    "The cat sat on the mat; the dog isn't on it.\n",
    "Wide, wider, widest: a naïve café, 漢字 and 👩!\n",
    "Spelt <s> as text, <pad> and [MASK] and [PAD] and <mask> are nothing.\n",
    "low lower lowest new newer newest, 12 + 30?\n",
] * 5
CONFIGS: dict[str, TokenizerConfig] = {
    "char": CharTokenizer(),
    "byte": ByteTokenizer(),
    "word": WordTokenizer(vocabulary=40),
    "bpe": BPETokenizer(vocabulary=311),
    "wordpiece": WordPieceTokenizer(vocabulary=110),
    "unigram": UnigramTokenizer(vocabulary=70),
}


def train(kind: str, specials: tuple[str, ...] = (), *, with_end: bool = False) -> Tokenizer:
    alphabet = "".join(PROSE)
    return train_tokenizer(CONFIGS[kind], PROSE, alphabet=alphabet, with_end=with_end, specials=specials)


READERS = {kind: train(kind, UNDERSTANDING) for kind in CONFIGS}
WRITERS = {kind: train(kind, WRITING) for kind in CONFIGS}
