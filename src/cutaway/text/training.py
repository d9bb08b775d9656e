"""Making a tokenizer from a configuration, with training on text where it needs it."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as Inner

from cutaway.config.tokenizer import (
    BPETokenizer,
    ByteTokenizer,
    CharTokenizer,
    FileTokenizer,
    OriginTokenizer,
    ProteinTokenizer,
    TokenizerConfig,
    UnigramTokenizer,
    WordPieceTokenizer,
    WordTokenizer,
)
from cutaway.errors import UserError
from cutaway.text.amino_acids import AMINO_ACIDS
from cutaway.text.byte_level import CHARACTERS
from cutaway.text.learning import learn_bpe, learn_unigram, learn_wordpiece, learn_words
from cutaway.text.special import END_OF_TEXT, SPELLINGS, spelt
from cutaway.text.tokenizer import Tokenizer

Trained: TypeAlias = (
    CharTokenizer
    | ByteTokenizer
    | WordTokenizer
    | BPETokenizer
    | WordPieceTokenizer
    | UnigramTokenizer
    | ProteinTokenizer
)


def train_tokenizer(
    config: TokenizerConfig,
    texts: Iterable[str],
    *,
    alphabet: Iterable[str] = (),
    with_end: bool = False,
    specials: Sequence[str] = (),
) -> Tokenizer:
    """Makes the tokenizer of a configuration.

    Special tokens get the first ids, in the given order. The vocabulary size counts them, and the end token too.

    Args:
        config: the kind of tokenizer and its size.
        texts: to train on, in chunks; characters, bytes and amino acids do not use it.
        alphabet: the characters of the character tokenizer.
        with_end: whether to add a last token that ends a document; byte-pair encoding without special tokens always has
            it.
        specials: all different; kinds that need an unknown token (word, wordpiece, unigram) add ``[UNK]`` after them if
            it is missing. A file has its own.

    Raises:
        UserError: the vocabulary is too small for the characters of the text, the file of a `FileTokenizer` is missing
            or no tokenizer, or the tokenizer is that of a model to fine-tune.
    """
    if isinstance(config, FileTokenizer):
        return Tokenizer.load(config.path)
    if isinstance(config, OriginTokenizer):
        raise UserError("tokenizer=origin is for fine-tuning: name the model with --from")
    if isinstance(config, BPETokenizer) and not specials:
        with_end = True
    if isinstance(config, (WordTokenizer, WordPieceTokenizer, UnigramTokenizer)) and spelt("unknown", specials) is None:
        specials = (*specials, SPELLINGS["unknown"][0])
    inner = _make(config, texts, alphabet, with_end, specials)
    # The end token comes last, where it changes no other id.
    special = [*specials, END_OF_TEXT] if with_end else specials
    inner.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return Tokenizer(inner)


def tokenizer_of_words(words: Iterable[str]) -> Tokenizer:
    """One token per word, with ids in this order; text is split at white space, and decoding joins words by spaces."""
    inner = Inner(models.WordLevel({word: i for i, word in enumerate(words)}))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return Tokenizer(inner)


def _make(
    config: Trained, texts: Iterable[str], alphabet: Iterable[str], with_end: bool, specials: Sequence[str]
) -> Inner:
    unknown = spelt("unknown", specials) or ""
    match config:
        case CharTokenizer():
            return _letters(sorted(set(alphabet)), specials, unknown)
        case ByteTokenizer():
            return _byte(specials)
        case ProteinTokenizer():
            return _letters(AMINO_ACIDS, specials, "")  # other letters are an error; X is an unknown amino acid
        case BPETokenizer(vocabulary=most):
            return learn_bpe(texts, most - with_end, specials)
        case WordPieceTokenizer(vocabulary=most, lowercase=lowercase):
            return learn_wordpiece(texts, most - with_end, specials, unknown, lowercase=lowercase)
        case UnigramTokenizer(vocabulary=most):
            return learn_unigram(texts, most - with_end, specials, unknown)
        case WordTokenizer(vocabulary=most, minimum_frequency=frequency, lowercase=lowercase):
            return learn_words(texts, most - with_end, specials, unknown, frequency=frequency, lowercase=lowercase)


def _letters(letters: Iterable[str], specials: Sequence[str], unknown: str) -> Inner:
    """A token for each of these letters; all others are unknown, or rejected if there is no unknown token."""
    vocabulary = {token: i for i, token in enumerate([*specials, *letters])}
    inner = Inner(models.WordLevel(vocabulary, unk_token=unknown))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    inner.decoder = decoders.Fuse()
    return inner


def _byte(specials: Sequence[str]) -> Inner:
    tokens = [*specials, *(CHARACTERS[byte] for byte in range(256))]
    inner = Inner(models.BPE({token: i for i, token in enumerate(tokens)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    return inner
