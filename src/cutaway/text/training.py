"""A tokenizer from a configuration and, where it learns, from text."""

from collections.abc import Iterable

from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Inner

from cutaway.config.tokenizer import BPETokenizer, ByteTokenizer, CharTokenizer, FileTokenizer, TokenizerConfig
from cutaway.text.byte_level import BYTES, CHARACTERS
from cutaway.text.tokenizer import END_OF_TEXT, Tokenizer


def train_tokenizer(
    config: TokenizerConfig, texts: Iterable[str], *, alphabet: Iterable[str] = (), with_end: bool = False
) -> Tokenizer:
    """Makes the tokenizer that a configuration asks for.

    Args:
        config: which one.
        texts: what byte-pair encoding learns its merges from, in chunks; the other kinds leave it alone.
        alphabet: every character that the character tokenizer shall know.
        with_end: give character and byte tokenizers a token that ends a document; byte-pair encoding always has one.

    Raises:
        UserError: the file of a `FileTokenizer` is missing or no tokenizer.
    """
    match config:
        case CharTokenizer():
            return _finished(_char(alphabet), with_end)
        case ByteTokenizer():
            return _finished(_byte(), with_end)
        case BPETokenizer():
            return _finished(_bpe(texts, config.vocabulary - 1), with_end=True)
        case FileTokenizer():
            return Tokenizer.load(config.path)


def _char(alphabet: Iterable[str]) -> Inner:
    inner = Inner(models.WordLevel({character: i for i, character in enumerate(sorted(set(alphabet)))}))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    inner.decoder = decoders.Fuse()
    return inner


def _byte() -> Inner:
    inner = Inner(models.BPE({character: byte for byte, character in CHARACTERS.items()}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    return inner


def _bpe(texts: Iterable[str], vocabulary: int) -> Inner:
    inner = Inner(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=list(BYTES), show_progress=False)
    inner.train_from_iterator(texts, trainer)
    return inner


def _finished(inner: Inner, with_end: bool) -> Tokenizer:
    """Puts the end of text last, where it moves no other id."""
    if with_end:
        inner.add_special_tokens([AddedToken(END_OF_TEXT, special=True, normalized=False)])
    return Tokenizer(inner)
