"""Vocabularies learnt from text, by the `tokenizers` library; special tokens come first in each.

Where the library's result depends on the order of its hash tables, it is put in an order of our own: training twice
gives the same tokenizer.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Tokenizer as Inner
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from cutaway.errors import UserError
from cutaway.text.byte_level import BYTES
from cutaway.text.literal_tokens import keep_apart

CONTINUING = "##"
SCORE_DIGITS = 3
PENALTY = 1e-4
"""How far apart the library sets the scores of characters that training dropped."""


def learn_bpe(texts: Iterable[str], vocabulary: int, specials: Sequence[str]) -> Inner:
    """Byte-pair encoding over bytes.

    Raises:
        UserError: the vocabulary cannot hold every byte.
    """
    _require(vocabulary, len(BYTES) + len(specials), "bytes")
    inner = Inner(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=list(BYTES), special_tokens=list(specials), show_progress=False
    )
    inner.train_from_iterator(texts, trainer)
    return inner


def learn_words(
    texts: Iterable[str], vocabulary: int, specials: Sequence[str], unknown: str, *, frequency: int, lowercase: bool
) -> Inner:
    """The most frequent words between white space, those of at least this frequency; decoding joins them by spaces."""
    inner = Inner(models.WordLevel(unk_token=unknown))
    if lowercase:
        inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), keep_apart(specials, alone=True)])
    trainer = trainers.WordLevelTrainer(
        vocab_size=vocabulary, min_frequency=frequency, special_tokens=list(specials), show_progress=False
    )
    inner.train_from_iterator(texts, trainer)
    return inner


def learn_wordpiece(
    texts: Iterable[str], vocabulary: int, specials: Sequence[str], unknown: str, *, lowercase: bool
) -> Inner:
    """WordPiece as BERT splits text; decoding joins the pieces of a word.

    Raises:
        UserError: the vocabulary cannot hold every character.
    """
    texts = list(texts)
    characters = _train_wordpiece(texts, 0, specials, lowercase)
    _require(vocabulary, len(characters), "characters alone and inside words")
    # The library numbers the pieces inside words as it meets them, and settles ties by number: name them beforehand.
    inside = sorted(piece for piece in characters if piece.startswith(CONTINUING) and len(piece) > len(CONTINUING))
    vocabulary_by_piece = _train_wordpiece(texts, vocabulary, [*specials, *inside], lowercase)
    return _wordpiece(models.WordPiece(vocabulary_by_piece, unk_token=unknown), lowercase)


def learn_unigram(texts: Iterable[str], vocabulary: int, specials: Sequence[str], unknown: str) -> Inner:
    """A unigram model over text whose spaces are written U+2581; decoding gives the text back, spaces and all.

    Raises:
        UserError: the vocabulary cannot hold every character.
    """
    inner = Inner(models.Unigram())
    # No space is put before a text: one may be cut anywhere, and written on.
    space = pre_tokenizers.Metaspace(prepend_scheme="never")
    inner.pre_tokenizer = pre_tokenizers.Sequence([space, keep_apart(specials, alone=True)])
    inner.decoder = decoders.Metaspace(prepend_scheme="never")
    trainer = trainers.UnigramTrainer(
        vocab_size=vocabulary, special_tokens=list(specials), unk_token=unknown, show_progress=False
    )
    try:
        inner.train_from_iterator(texts, trainer)
    except Exception as error:  # the library raises nothing more precise
        raise UserError(f"no pieces can be learnt from the text ({error}): change tokenizer.vocabulary") from error
    learnt = [(piece, score) for piece, score in _model(inner)["vocab"][len(specials) :]]
    pieces = [*((special, 0.0) for special in specials), *_ordered(learnt)]
    inner.model = models.Unigram(pieces, unk_id=specials.index(unknown))
    return inner


def _train_wordpiece(texts: list[str], vocabulary: int, first: Sequence[str], lowercase: bool) -> dict[str, int]:
    inner = _wordpiece(models.WordPiece(), lowercase)
    trainer = trainers.WordPieceTrainer(vocab_size=vocabulary, special_tokens=list(first), show_progress=False)
    inner.train_from_iterator(texts, trainer)
    return inner.get_vocab(with_added_tokens=False)


def _wordpiece(model: models.WordPiece, lowercase: bool) -> Inner:
    inner = Inner(model)
    inner.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=False)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # Its cleaning-up would write "do not" as "don't".
    inner.decoder = decoders.WordPiece(prefix=CONTINUING, cleanup=False)
    return inner


def _ordered(pieces: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """The likeliest first.

    Scores differ in their last digits from training to training; a character that training dropped comes back with
    the lowest score and a penalty that is the luck of the draw.
    """
    characters = [score for piece, score in pieces if len(piece) == 1]
    lowest = min(characters, default=0.0)
    rare = lowest + PENALTY * len(characters)
    scores = {piece: lowest if len(piece) == 1 and score <= rare else score for piece, score in pieces}
    rounded = [(piece, round(score, SCORE_DIGITS)) for piece, score in scores.items()]
    return sorted(rounded, key=lambda pair: (-pair[1], pair[0]))


def _require(vocabulary: int, needed: int, what: str) -> None:
    if vocabulary < needed:
        raise UserError(
            f"the vocabulary cannot hold all {what}, and the special tokens: "
            f"raise tokenizer.vocabulary by {needed - vocabulary} at least, by more for longer pieces"
        )


def _model(inner: Inner) -> Any:
    return json.loads(inner.to_str())["model"]
