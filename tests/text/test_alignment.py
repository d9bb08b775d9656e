"""Which tokens belong to which word, and which characters to which token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import UserError
from cutaway.text.chunks import CHUNK_CHARACTERS
from text.kinds import CONFIGS, READERS, train

KINDS = pytest.mark.parametrize("kind", list(CONFIGS))
LOSSLESS = ("char", "byte", "bpe", "unigram")
WORDS = st.lists(st.sampled_from(["cat", "newest", "naïve", "漢字", "it", "12"]), max_size=7)
TEXTS = st.lists(st.sampled_from(["the ", "cat", "naïve", "漢字", "👩", "\n", "  ", "Wide", "isn't", "[MASK]"]))


@pytest.mark.parametrize("kind", ["byte", "bpe", "unigram"])
@given(words=WORDS)
def test_words_carry_the_space_in_front(kind: str, words: list[str]) -> None:
    encoded = READERS[kind].encode_words(words)
    assert [READERS[kind].decode(ids) for ids in encoded] == [f" {word}" for word in words]
    assert [token for ids in encoded for token in ids] == READERS[kind].encode("".join(f" {word}" for word in words))


@pytest.mark.parametrize("kind", ["char", "wordpiece"])
@given(words=WORDS)
def test_words_come_without_a_space_where_tokens_hold_none(kind: str, words: list[str]) -> None:
    encoded = READERS[kind].encode_words(words)
    assert [READERS[kind].decode(ids).replace(" ", "") for ids in encoded] == words
    assert [token for ids in encoded for token in ids] == READERS[kind].encode(
        ("" if kind == "char" else " ").join(words)
    )


def test_a_word_may_be_one_token() -> None:
    tokenizer = READERS["word"]
    assert tokenizer.encode_words(["cat", "☃", "the"]) == [[token] for token in tokenizer.encode("cat ☃ the")]


@KINDS
@pytest.mark.parametrize("word", ["", " ", "\t\n"], ids=["nothing", "space", "spaces"])
def test_no_word_is_without_a_token(kind: str, word: str) -> None:
    cat, nothing = READERS[kind].encode_words(["cat", word])
    assert (nothing, cat) == ([READERS[kind].unknown], READERS[kind].encode_words(["cat"])[0])


def test_a_word_without_a_token_is_named() -> None:
    with pytest.raises(UserError, match=r"^the word '' has no token: "):
        train("bpe").encode_words(["cat", ""])
    with pytest.raises(UserError, match=r"the tokenizer lacks '☃'"):
        train("char").encode_words(["☃"])


@KINDS
@given(texts=TEXTS)
def test_offsets_are_in_order_and_belong_to_the_tokens_of_the_text(kind: str, texts: list[str]) -> None:
    text = "".join(texts)
    ids, offsets = READERS[kind].encode_with_offsets(text)
    assert ids == READERS[kind].encode(text)
    assert len(offsets) == len(ids)
    assert offsets == sorted(offsets)
    assert all(0 <= start < end <= len(text) for start, end in offsets)
    covered = {i for start, end in offsets for i in range(start, end)}
    assert all(i in covered or character.isspace() for i, character in enumerate(text))


@pytest.mark.parametrize("kind", LOSSLESS)
@given(texts=TEXTS)
def test_offsets_slice_the_text(kind: str, texts: list[str]) -> None:
    text = "".join(texts)
    ids, offsets = READERS[kind].encode_with_offsets(text)
    for piece, (start, end) in zip(READERS[kind].pieces(ids), offsets, strict=True):
        if "\\x" not in piece:  # whole characters
            assert text[start:end] == piece


@KINDS
def test_all_parts_of_a_character_cover_it(kind: str) -> None:
    text = "cat 👩 cat"
    ids, offsets = READERS[kind].encode_with_offsets(text)
    parts = [i for i, (start, end) in enumerate(offsets) if start <= 4 < end]
    assert {offsets[i] for i in parts} <= {(4, 5), (3, 5)}
    assert len(parts) == (4 if kind in ("byte", "bpe") else 1)
    assert READERS[kind].decode(ids[parts[-1] + 1 :]).strip() == "cat"


@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "unigram", "word"])
def test_offsets_hold_in_long_texts(kind: str) -> None:
    line = " naïve 漢字 cat\n"
    count = CHUNK_CHARACTERS // 5
    ids, offsets = READERS[kind].encode_with_offsets(line * count)
    assert ids == READERS[kind].encode(line * count)
    before = len(line) * (count - 1)
    alone = READERS[kind].encode_with_offsets(line)[1]
    assert offsets[-len(alone) :] == [(before + start, before + end) for start, end in alone]
