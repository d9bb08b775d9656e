import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.config.tokenizer import BPETokenizer, ByteTokenizer, CharTokenizer
from cutaway.errors import UserError
from cutaway.text.tokenizer import END_OF_TEXT, Tokenizer
from cutaway.text.training import tokenizer_of_words, train_tokenizer
from support import require_module
from text.kinds import READERS

PROSE = "the cat sat on the mat; the dog isn't on it.\n\nWhat's 12 + 30?\n" * 9
AWKWARD = [END_OF_TEXT, "\r\n", "\0", "e\u0301", "\u200d", "\ufeff", "👩\u200d👧", "漢字", " \n \n\n", "\x85\x1c"]
TEXTS = st.lists(st.text(max_size=12) | st.sampled_from(AWKWARD), max_size=9).map("".join)
BPE = train_tokenizer(BPETokenizer(vocabulary=280), [PROSE])
BYTE = train_tokenizer(ByteTokenizer(), [], with_end=True)
WORDS = tokenizer_of_words(["1", "2", "12"])


def char(text: str, with_end: bool = False) -> Tokenizer:
    return train_tokenizer(CharTokenizer(), [], alphabet=text, with_end=with_end)


@given(TEXTS)
def test_decoding_undoes_encoding(text: str) -> None:
    for tokenizer in (char(text), char(text, with_end=True), BYTE, BPE):
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text
        assert tokenizer.decode(ids, skip_special_tokens=False) == text
        assert tokenizer.end not in ids
        assert all(0 <= token < tokenizer.vocabulary for token in ids)


@given(TEXTS)
def test_tokens_are_what_their_kind_says(text: str) -> None:
    alphabet = sorted(set(text))
    assert char(text).encode(text) == [alphabet.index(character) for character in text]
    assert BYTE.encode(text) == list(text.encode())


def test_long_text_is_encoded_whole() -> None:
    text = "".join(f"line {i}: it's é {i * i}\n" for i in range(20_000))
    assert BYTE.encode(text) == list(text.encode())
    assert BPE.encode(text) == [token for line in text.splitlines(True) for token in BPE.encode(line)]


def test_end_token_is_last_and_skipped_unless_asked_for() -> None:
    for tokenizer, size in ((char("ab", with_end=True), 3), (BYTE, 257), (BPE, BPE.vocabulary)):
        assert (tokenizer.vocabulary, tokenizer.end) == (size, size - 1)
        ids = [*tokenizer.encode("ab"), tokenizer.end, *tokenizer.encode("b")]
        assert tokenizer.decode(ids) == "abb"
        assert tokenizer.decode(ids, skip_special_tokens=False) == f"ab{END_OF_TEXT}b"
    assert (char("ab").end, char("ab").vocabulary) == (None, 2)


def test_merges_make_text_shorter_and_stay_inside_the_vocabulary() -> None:
    assert BPE.vocabulary == 280
    assert len(BPE.encode(PROSE)) < 0.7 * len(PROSE)
    assert len(train_tokenizer(BPETokenizer(vocabulary=257), [PROSE]).encode(PROSE)) == len(PROSE)


def test_unseen_characters_are_named() -> None:
    tokenizer = char("abc <|endoftx>")
    for _ in range(2):
        with pytest.raises(UserError, match=r"the tokenizer lacks 'é', '漢' \(2 characters\)"):
            tokenizer.encode("a漢béa")
    with pytest.raises(UserError, match=r"the tokenizer lacks '!', .*'\('… \(27 characters\)") as caught:
        tokenizer.encode("!" + "".join(map(chr, range(33, 60))))
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=r"the tokenizer lacks 'z' \(1 character\)"):
        tokenizer.encode_batch(["abc", "z"])


def test_unseen_words_are_named() -> None:
    for _ in range(2):
        with pytest.raises(UserError, match=r"the tokenizer lacks '112', 'x' \(2 words\)"):
            WORDS.encode("1 x 2 112")
    with pytest.raises(UserError, match=r"the tokenizer lacks '21' \(1 word\)"):
        WORDS.encode_with_offsets("21")
    assert WORDS.encode_batch(["12 2", ""]) == [[2, 1], []]


@pytest.mark.parametrize("tokenizer", [BYTE, BPE, char("ab"), WORDS], ids=["byte", "bpe", "char", "words"])
def test_half_a_surrogate_pair_is_no_character(tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError, match=r"'\\udc80'"):
        tokenizer.encode("a\udc80")


def test_pieces_are_what_a_person_reads() -> None:
    assert char("né ").pieces([0, 2, 1]) == [" ", "é", "n"]
    assert BYTE.pieces([*"né\n".encode(), 256]) == ["n", r"\xc3", r"\xa9", "\n", END_OF_TEXT]
    assert "".join(BPE.pieces(BPE.encode("the mat"))) == "the mat"
    assert " the" in BPE.pieces(BPE.encode("on the mat"))


@pytest.mark.parametrize("tokenizer", [BYTE, BPE, char(PROSE, with_end=True)], ids=["byte", "bpe", "char"])
def test_a_saved_tokenizer_loads_as_itself(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path / "tokenizer.json")
    assert loaded.sha256 == tokenizer.sha256
    assert (loaded.vocabulary, loaded.end) == (tokenizer.vocabulary, tokenizer.end)
    assert loaded.encode(PROSE) == tokenizer.encode(PROSE)
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer.json"]


def test_different_tokenizers_have_different_hashes() -> None:
    assert len({BYTE.sha256, BPE.sha256, char("ab").sha256, char("ac").sha256}) == 4


def test_a_file_cannot_ask_for_truncation_padding_or_surroundings(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    BYTE.save(path)
    content = json.loads(path.read_text())
    content["truncation"] = {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    content["padding"] = {
        "strategy": {"Fixed": 9},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 256,
        "pad_type_id": 0,
        "pad_token": END_OF_TEXT,
    }
    content["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": END_OF_TEXT, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {END_OF_TEXT: {"id": END_OF_TEXT, "ids": [256], "tokens": [END_OF_TEXT]}},
    }
    path.write_text(json.dumps(content))
    assert Tokenizer.load(path).encode("abcdef") == list(b"abcdef")
    assert Tokenizer.load(path).encode("a") == list(b"a")


def test_a_file_with_an_unknown_token_uses_and_counts_it(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    char("ab").save(path)
    content = json.loads(path.read_text())
    content["model"] = {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "?": 2}, "unk_token": "?"}
    path.write_text(json.dumps(content))
    tokenizer = Tokenizer.load(path)
    assert tokenizer.unknown == 2
    assert tokenizer.encode("abc") == [0, 1, 2]
    assert tokenizer.count_unknown(tokenizer.encode("abcd")) == 2


def test_a_file_that_would_drop_characters_refuses_them(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    BPE.save(path)
    content = json.loads(path.read_text())
    content["pre_tokenizer"] = content["decoder"] = None  # characters are no longer written as bytes
    path.write_text(json.dumps(content))
    assert Tokenizer.load(path).decode(Tokenizer.load(path).encode("a")) == "a"
    with pytest.raises(UserError, match="the tokenizer lacks '漢'"):
        Tokenizer.load(path).encode("a漢")


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"version": "1.0"}', b"\xff\xfe{", b"cut"])
def test_what_is_no_tokenizer_file_is_refused_in_one_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    if content == b"cut":
        BPE.save(path)
        content = path.read_bytes()[:-40]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"tokenizer\.json") as caught:
        Tokenizer.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tokenizer", [BYTE, BPE, char(PROSE, with_end=True)], ids=["byte", "bpe", "char"])
def test_transformers_opens_the_file_and_agrees(tokenizer: Tokenizer, tmp_path: Path) -> None:
    ids, text = by_transformers(tokenizer, PROSE, tmp_path)
    assert ids == tokenizer.encode(PROSE)
    assert text == PROSE


@pytest.mark.parametrize("kind", ["word", "wordpiece", "unigram"])
def test_transformers_agrees_on_special_tokens(kind: str, tmp_path: Path) -> None:
    tokenizer, text = READERS[kind], "The cat sat on [MASK], newer [MASK] lowest"
    ids, decoded = by_transformers(tokenizer, text, tmp_path)
    assert ids == tokenizer.encode(text, special=True)
    assert decoded == tokenizer.decode(ids, skip_special_tokens=False)


def by_transformers(tokenizer: Tokenizer, text: str, folder: Path) -> tuple[list[int], str]:
    transformers = require_module("transformers")
    tokenizer.save(folder / "tokenizer.json")
    theirs = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    ids = theirs(text)["input_ids"]
    return ids, theirs.decode(ids, clean_up_tokenization_spaces=False)
