"""Training vocabularies with the `tokenizers` library; special tokens come first in each.

Where the library's result depends on the order of its hash tables, it is sorted, so that training is deterministic.
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
"""The difference between the scores of characters that training dropped."""


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
    """The most frequent words between white space, of at least this frequency; decoding joins them by spaces."""
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
    """WordPiece on words split as by BERT; decoding joins the pieces of a word.

    Raises:
        UserError: the vocabulary is too small for all characters.
    """
    texts = list(texts)
    characters = _train_wordpiece(texts, 0, specials, lowercase)
    _require(vocabulary, len(characters), "characters alone and inside words")
    # The library numbers pieces inside words in order of appearance and breaks ties by number: name them beforehand.
    inside = sorted(piece for piece in characters if piece.startswith(CONTINUING) and len(piece) > len(CONTINUING))
    vocabulary_by_piece = _train_wordpiece(texts, vocabulary, [*specials, *inside], lowercase)
    return _wordpiece(models.WordPiece(vocabulary_by_piece, unk_token=unknown), lowercase)


def learn_unigram(texts: Iterable[str], vocabulary: int, specials: Sequence[str], unknown: str) -> Inner:
    """A unigram model of text with spaces written as U+2581; decoding restores the text with its spaces.

    Raises:
        UserError: the vocabulary is too small for all characters.
    """
    inner = Inner(models.Unigram())
    # No space is added before a text, because a text may be cut anywhere and continued.
    space = pre_tokenizers.Metaspace(prepend_scheme="never")
    inner.pre_tokenizer = pre_tokenizers.Sequence([space, keep_apart(specials, alone=True)])
    inner.decoder = decoders.Metaspace(prepend_scheme="never")
    trainer = trainers.UnigramTrainer(
        vocab_size=vocabulary, special_tokens=list(specials), unk_token=unknown, show_progress=False
    )
    try:
        inner.train_from_iterator(texts, trainer)
    except Exception as error:  # the library has no more specific exception
        raise UserError(f"no pieces can be learned from the text ({error}): change tokenizer.vocabulary") from error
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
    # The library's clean-up would write "do not" as "don't".
    inner.decoder = decoders.WordPiece(prefix=CONTINUING, cleanup=False)
    return inner


def _ordered(pieces: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Sorts pieces, most likely first.

    The last digits of scores vary between trainings; a character that training dropped is added with the lowest score
    and an arbitrary penalty.
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
