from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.config.tokenizer import (
    BPETokenizer,
    ByteTokenizer,
    CharTokenizer,
    FileTokenizer,
    OriginTokenizer,
    TokenizerConfig,
    UnigramTokenizer,
    WordPieceTokenizer,
    WordTokenizer,
)
from cutaway.errors import UserError
from cutaway.text.special import UNDERSTANDING, WRITING
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer
from text.kinds import CONFIGS, PROSE, READERS, train

TEXTS = ["low lower lowest\n", "new newer newest\n", "wide wider widest, isn't it?\n"] * 5
CHARACTERS = sorted(set("".join(PROSE)))


def pieces(tokenizer: Tokenizer) -> list[str]:
    return tokenizer.pieces(range(tokenizer.vocabulary))


@pytest.mark.parametrize("kind", list(CONFIGS))
def test_training_again_gives_the_same_tokenizer(kind: str) -> None:
    config, alphabet = CONFIGS[kind], "".join(PROSE)
    for _ in range(3):
        again = train_tokenizer(config, iter(PROSE), alphabet=alphabet, specials=UNDERSTANDING)
        assert again.sha256 == READERS[kind].sha256


def test_merges_do_not_cross_words() -> None:
    tokenizer = train_tokenizer(BPETokenizer(vocabulary=1000), TEXTS)
    learnt = tokenizer.pieces(range(tokenizer.end))
    assert " newest" in learnt
    assert not any(" " in piece[1:] for piece in learnt)


def test_text_is_left_alone_by_what_does_not_learn_from_it() -> None:
    def texts() -> Iterator[str]:
        raise AssertionError("read")
        yield

    assert train_tokenizer(CharTokenizer(), texts(), alphabet="cab").encode("abc") == [0, 1, 2]
    assert train_tokenizer(ByteTokenizer(), texts()).vocabulary == 256


def test_a_tokenizer_that_is_there_is_opened(tmp_path: Path) -> None:
    there = train_tokenizer(BPETokenizer(vocabulary=280), TEXTS)
    there.save(tmp_path / "mine.json")
    config = FileTokenizer(path=str(tmp_path / "mine.json"))
    assert train_tokenizer(config, [], with_end=True, specials=WRITING).sha256 == there.sha256
    with pytest.raises(UserError, match=r"yours\.json"):
        train_tokenizer(FileTokenizer(path=str(tmp_path / "yours.json")), [])
    with pytest.raises(UserError, match="name the model with --from"):
        train_tokenizer(OriginTokenizer(), [])


@pytest.mark.parametrize("with_end", [False, True], ids=["no end", "end"])
@pytest.mark.parametrize("kind", ["word", "bpe", "wordpiece", "unigram"])
def test_the_vocabulary_counts_everything(kind: str, with_end: bool) -> None:
    for specials in (UNDERSTANDING, WRITING):
        tokenizer = train(kind, specials, with_end=with_end)
        assert tokenizer.vocabulary == CONFIGS[kind].vocabulary


@pytest.mark.parametrize("with_end", [False, True], ids=["no end", "end"])
@pytest.mark.parametrize("config", [BPETokenizer(vocabulary=257), WordPieceTokenizer(vocabulary=30)], ids=str)
def test_a_vocabulary_too_small_for_the_characters_says_what_it_lacks(config: TokenizerConfig, with_end: bool) -> None:
    def sized(vocabulary: int) -> Tokenizer:
        changed = config.model_copy(update={"vocabulary": vocabulary})
        return train_tokenizer(changed, PROSE, specials=WRITING, with_end=with_end)

    with pytest.raises(UserError, match=r"raise tokenizer\.vocabulary by \d+ at least") as caught:
        sized(config.vocabulary)
    enough = config.vocabulary + int(str(caught.value).split(" by ")[1].split()[0])
    assert sized(enough).vocabulary == enough
    with pytest.raises(UserError, match="by 1 at least"):
        sized(enough - 1)


def test_unigram_needs_room_for_every_character() -> None:
    with pytest.raises(UserError, match=r"change tokenizer\.vocabulary") as caught:
        train_tokenizer(UnigramTokenizer(vocabulary=30), PROSE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["word", "bpe", "wordpiece", "unigram"])
def test_nothing_can_be_learnt_from_no_text(kind: str) -> None:
    assert train_tokenizer(CONFIGS[kind], [], specials=WRITING).vocabulary == (260 if kind == "bpe" else 4)


@given(st.text(st.sampled_from([*CHARACTERS, " "])))
def test_unigram_is_lossless(text: str) -> None:
    tokenizer = READERS["unigram"]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.count_unknown(ids) == 0


@given(st.text(st.sampled_from(CHARACTERS), max_size=9), st.text(st.sampled_from(CHARACTERS), max_size=9))
def test_unigram_text_may_be_written_on(text: str, more: str) -> None:
    decode, encode = READERS["unigram"].decode, READERS["unigram"].encode
    assert decode(encode(text)) + decode(encode(more)) == text + more


def test_unigram_pieces_hold_a_space_in_front_only() -> None:
    learnt = pieces(READERS["unigram"])
    assert " newe" in learnt
    assert not any(" " in piece[1:] for piece in learnt)


@given(st.lists(st.sampled_from(["the", "cat", "newest", "naïve", "it", "not"])))
def test_words_and_word_pieces_are_joined_again(words: list[str]) -> None:
    text = " ".join(words)
    ids = READERS["wordpiece"].encode(text)
    assert READERS["wordpiece"].decode(ids) == text
    tokenizer = train_tokenizer(WordTokenizer(), [text])
    assert tokenizer.decode(tokenizer.encode(text.replace(" ", "\n \t"))) == text


def test_word_pieces_mark_what_is_inside_a_word() -> None:
    tokenizer = train_tokenizer(WordPieceTokenizer(vocabulary=45), TEXTS)
    cut = tokenizer.pieces(tokenizer.encode("lowest newt, it"))
    assert (
        "".join(piece if piece.startswith("##") else f" {piece}" for piece in cut).replace("##", "")
        == " lowest newt , it"
    )
    assert "," in cut
    assert any(piece.startswith("##") for piece in cut)
    assert tokenizer.decode(tokenizer.encode("do not")) == tokenizer.decode(tokenizer.encode("do   not"))


def test_lower_case_is_a_choice_and_accents_stay() -> None:
    for kind in (WordTokenizer, WordPieceTokenizer):
        lower, as_it_is = (
            train_tokenizer(kind(lowercase=choice), ["Élan Vital élan vital\n"]) for choice in (True, False)
        )
        assert lower.encode("ÉLAN Vital") == lower.encode("élan vital")
        assert lower.decode(lower.encode("ÉLAN Vital")) == "élan vital"
        assert as_it_is.decode(as_it_is.encode("Élan vital")) == "Élan vital"
        assert as_it_is.encode("Élan") != as_it_is.encode("élan")


def test_rare_words_are_unknown() -> None:
    texts = ["a a a b b c"]
    assert pieces(train_tokenizer(WordTokenizer(minimum_frequency=2), texts)) == ["[UNK]", "a", "b"]
    many = [" ".join(f"word{i} " * (40 - i) for i in range(40))]
    assert pieces(train_tokenizer(WordTokenizer(vocabulary=16), many)) == ["[UNK]", *(f"word{i}" for i in range(15))]
