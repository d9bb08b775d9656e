"""Special tokens: where they are numbered, what they are for, and that no text becomes one by chance."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.config.tokenizer import FileTokenizer
from cutaway.errors import UserError
from cutaway.text.special import END_OF_TEXT, UNDERSTANDING, WRITING
from cutaway.text.training import train_tokenizer
from text.kinds import CONFIGS, PROSE, READERS, WRITERS, train

KINDS = pytest.mark.parametrize("kind", list(CONFIGS))
TEXTS = st.lists(
    st.sampled_from([*UNDERSTANDING, *WRITING, END_OF_TEXT, "[UNK", "]", "<", "</", "s>", " ", "\n", "cat", "é", "☃"])
).map("".join)


@KINDS
def test_special_tokens_are_first_and_the_end_is_last(kind: str) -> None:
    for specials in (UNDERSTANDING, WRITING, ("[MASK]", "[UNK]", "<tag>")):
        tokenizer = train(kind, specials, with_end=True)
        assert tokenizer.pieces(range(len(specials))) == list(specials)
        assert tokenizer.end == tokenizer.vocabulary - 1
        assert tokenizer.pieces([tokenizer.end]) == [END_OF_TEXT]
        alone = train(kind, specials)
        assert END_OF_TEXT not in alone.pieces(range(alone.vocabulary))


def test_bytes_and_characters_follow_them() -> None:
    assert READERS["byte"].encode("né") == [len(UNDERSTANDING) + byte for byte in "né".encode()]
    alphabet = sorted(set("".join(PROSE)))
    assert READERS["char"].encode("né") == [len(UNDERSTANDING) + alphabet.index(character) for character in "né"]


@KINDS
def test_they_are_found_by_what_they_are_for(kind: str) -> None:
    tokenizer = READERS[kind]
    assert (tokenizer.pad, tokenizer.unknown, tokenizer.begin, tokenizer.separator, tokenizer.mask) == (0, 1, 2, 3, 4)
    assert tokenizer.end == tokenizer.separator
    writer = WRITERS[kind]
    assert (writer.pad, writer.unknown, writer.begin, writer.separator, writer.mask) == (0, 1, 2, 3, None)
    assert writer.end == writer.separator
    assert train(kind, ("<s>", "<mask>")).mask == 1


@KINDS
def test_without_them_there_are_none_but_the_needed_unknown(kind: str) -> None:
    tokenizer = train(kind)
    assert (tokenizer.pad, tokenizer.begin, tokenizer.separator, tokenizer.mask) == (None,) * 4
    assert tokenizer.unknown == (0 if kind in ("word", "wordpiece", "unigram") else None)
    assert (tokenizer.end is None) == (kind != "bpe")
    assert train(kind, ("<pad>",)).unknown == (1 if kind in ("word", "wordpiece", "unigram") else None)


def test_a_word_of_the_text_has_no_role() -> None:
    tokenizer = train("word")
    assert tokenizer.encode("<mask>") != [tokenizer.unknown]
    assert tokenizer.mask is None


@KINDS
@given(text=TEXTS)
def test_text_never_becomes_a_special_token_but_the_unknown(kind: str, text: str) -> None:
    for tokenizer in (READERS[kind], WRITERS[kind]):
        assert {0, 2, 3, tokenizer.mask, tokenizer.end}.isdisjoint(tokenizer.encode(text))


@KINDS
def test_they_are_recognized_when_asked_for(kind: str) -> None:
    tokenizer = READERS[kind]
    text = "the cat [MASK]."
    ids = tokenizer.encode(text, special=True)
    assert ids.count(4) == 1
    assert 4 not in tokenizer.encode(text)
    before, after = ids[: ids.index(4)], ids[ids.index(4) + 1 :]
    assert (before, after) == (tokenizer.encode("the cat "), tokenizer.encode("."))
    assert tokenizer.encode("the cat", special=True) == tokenizer.encode("the cat")


def test_recognized_characters_need_not_be_seen() -> None:
    tokenizer = train_tokenizer(CONFIGS["char"], [], alphabet="abc", specials=["<mask>"])
    assert tokenizer.encode("a<mask>c", special=True) == [1, 0, 3]
    with pytest.raises(UserError, match=r"the tokenizer lacks '<', '>', 'd'"):
        tokenizer.encode("<mask>d<>", special=True)


@pytest.mark.parametrize("kind", ["char", "word", "wordpiece", "unigram"])
def test_the_unknown_is_counted_and_shown(kind: str) -> None:
    tokenizer = READERS[kind]
    ids = tokenizer.encode("the ☃ cat ☃")
    assert tokenizer.count_unknown(ids) == 2
    assert tokenizer.decode(ids) == "the [UNK] cat [UNK]"
    assert tokenizer.count_unknown(tokenizer.encode("the cat")) == 0


@pytest.mark.parametrize("kind", ["byte", "bpe"])
def test_bytes_leave_nothing_unknown(kind: str) -> None:
    ids = READERS[kind].encode("the ☃")
    assert READERS[kind].count_unknown(ids) == 0
    assert READERS[kind].decode(ids) == "the ☃"


@KINDS
def test_half_a_surrogate_pair_is_refused_in_spite_of_the_unknown(kind: str) -> None:
    with pytest.raises(UserError, match=r"'\\udc80'"):
        READERS[kind].encode("a\udc80")


@KINDS
def test_decoding_skips_them_unless_told_otherwise(kind: str) -> None:
    tokenizer = READERS[kind]
    cat = tokenizer.encode("the cat")
    ids = [2, *cat, 3, 0, 0]
    assert tokenizer.decode(ids) == tokenizer.decode(cat) == "the cat"
    shown = tokenizer.decode(ids, skip_special_tokens=False)
    assert shown.replace(" ", "") == "[CLS]thecat[SEP][PAD][PAD]"


@KINDS
def test_a_file_keeps_them(kind: str, tmp_path: Path) -> None:
    tokenizer, text = READERS[kind], "The [MASK] sat on a ☃ <s>"
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = train_tokenizer(FileTokenizer(path=str(tmp_path / "tokenizer.json")), [])
    assert loaded.sha256 == tokenizer.sha256
    for name in ("pad", "unknown", "begin", "separator", "end", "mask", "vocabulary"):
        assert getattr(loaded, name) == getattr(tokenizer, name)
    assert loaded.encode(text) == tokenizer.encode(text)
    assert loaded.encode(text, special=True) == tokenizer.encode(text, special=True)
