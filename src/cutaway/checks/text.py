"""Text must be restored from its tokens."""

import random
import sys
import unicodedata
from collections.abc import Callable, Sequence

from cutaway.checks.example_batches import SOURCE, TARGET
from cutaway.checks.measure import Measurement, NotForThis, named
from cutaway.checks.subject import Subject
from cutaway.errors import UserError
from cutaway.text.post_processor import PostProcessor
from cutaway.text.tokenizer import Tokenizer

TEXTS = 100
LONGEST = 12
NO_CHARACTERS = ("Cn", "Co", "Cs")  # unassigned, private use, surrogates
NO_TEXT = "it neither reads nor writes text"


def text_comes_back(subject: Subject) -> Measurement | NotForThis:
    """The number of a hundred random texts that are not restored from their tokens.

    A tokenizer that has every Unicode character must restore the text exactly, or with a leading space. Others may fold
    case or have few words: from texts of their own tokens they must restore texts with the same tokens. White space
    alone is left out, since SentencePiece drops it at the start of a text.
    """
    if not subject.tokenizers:
        return NotForThis(NO_TEXT)
    lost = [ascii(text) for tokenizer in subject.tokenizers.values() for text in _lost(tokenizer)]
    return Measurement(len(lost), 0, named(lost))


def reference_ids_are_equal(subject: Subject) -> Measurement | NotForThis:
    """The number of random texts that get other token ids than in the reference."""
    if not subject.tokenizers:
        return NotForThis(NO_TEXT)
    if subject.reference_ids is None:
        return NotForThis("no transformers folder")
    tokenizer = subject.tokenizers.get(SOURCE, subject.tokenizers[TARGET])
    others = with_other_ids(tokenizer, tokenizer.frame or PostProcessor(), subject.reference_ids)
    return Measurement(len(others), 0, named(map(ascii, others)))


def with_other_ids(tokenizer: Tokenizer, frame: PostProcessor, reference: Callable[[str], list[int]]) -> list[str]:
    """The texts, of 200 random ones of any characters and 100 of the tokenizer's own, with other ids in a reference.

    Args:
        tokenizer: texts that it cannot read, or that spell its special tokens, are left out.
        frame: the special tokens around a text.
        reference: gives ids, special tokens included.
    """
    rng = random.Random(0)
    texts = _any_texts(rng) + _own_texts(tokenizer, rng)
    return [text for text in texts if _is_plain(tokenizer, text) and _differs(tokenizer, frame, reference, text)]


def _differs(tokenizer: Tokenizer, frame: PostProcessor, reference: Callable[[str], list[int]], text: str) -> bool:
    return frame.around(tokenizer.encode(text)) != reference(text)


def _is_plain(tokenizer: Tokenizer, text: str) -> bool:
    """Whether a text can be read and spells no special token, which other libraries would read as one."""
    try:
        return tokenizer.encode(text) == tokenizer.encode(text, special=True)
    except UserError:
        return False


def _any_texts(rng: random.Random) -> list[str]:
    """Usual characters, and any that are no surrogates, decomposed ones among them."""
    usual = [chr(code) for code in range(32, 127)] + ["\n", "\t", "é", "e\u0301", "漢", "½", "ß", "İ"]
    anything = [chr(code) for code in rng.choices(range(sys.maxunicode), k=TEXTS * LONGEST)]
    strange = [character for character in anything if unicodedata.category(character) != "Cs"]
    alphabets = (usual, strange)
    return ["".join(rng.choice(rng.choice(alphabets)) for _ in range(rng.randint(1, 40))) for _ in range(2 * TEXTS)]


def _lost(tokenizer: Tokenizer) -> list[str]:
    rng = random.Random(0)
    texts = _unicode_texts(rng)
    if all(_reads(tokenizer, text) for text in texts):
        return [text for text in texts if tokenizer.decode(tokenizer.encode(text)) not in (text, f" {text}")]
    own = _own_texts(tokenizer, rng)
    known = [text for text in own if text.strip() and _reads(tokenizer, text)]
    return [text for text in known if not _abides(tokenizer, text)] if known else own


def _own_texts(tokenizer: Tokenizer, rng: random.Random) -> list[str]:
    """The texts of its tokens that are tokenized as themselves, with spaces in between if it has spaces."""
    pieces = [tokenizer.decode([token]) for token in rng.choices(range(tokenizer.vocabulary), k=TEXTS * LONGEST)]
    words = [piece for piece in pieces if piece.strip() and _reads(tokenizer, piece)]
    spaces = [" "] if _reads(tokenizer, " ") else words
    return [_compose(rng, words, spaces) for _ in range(TEXTS)] if words else pieces


def _unicode_texts(rng: random.Random) -> list[str]:
    """Half of the characters are usual letters, punctuation and spaces, half any; in composed form (NFC)."""
    usual = [chr(code) for code in range(32, 127)] + ["\n", "\t"]
    anything = [chr(rng.randrange(sys.maxunicode)) for _ in range(TEXTS * LONGEST)]
    strange = [character for character in anything if unicodedata.category(character) not in NO_CHARACTERS]
    return [_compose(rng, usual, strange) for _ in range(TEXTS)]


def _compose(rng: random.Random, *alphabets: Sequence[str]) -> str:
    characters = [rng.choice(rng.choice(alphabets)) for _ in range(rng.randint(1, LONGEST))]
    return unicodedata.normalize("NFC", "".join(characters))


def _reads(tokenizer: Tokenizer, text: str) -> bool:
    """Whether it has all characters of a text."""
    try:
        return tokenizer.count_unknown(tokenizer.encode(text)) == 0
    except Exception:  # the library has no more specific one for unknown characters
        return False


def _abides(tokenizer: Tokenizer, text: str) -> bool:
    tokens = tokenizer.encode(text)
    again = tokenizer.decode(tokens)
    return _reads(tokenizer, again) and tokenizer.encode(again) == tokens
