"""Pieces of text are final when they are shown: whole characters, and nothing of a stop string."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.config.tokenizer import ByteTokenizer
from cutaway.generation.streaming import stream_text
from cutaway.text.training import train_tokenizer

END = 99
SYLLABLES = ["a", "b", "ab", "ba", "c", "abc"]

byte_tokenizer = train_tokenizer(ByteTokenizer(), [])


def decode(ids: Sequence[int]) -> str:
    return "".join(SYLLABLES[i] for i in ids)


def pieces(text: str, stop: Sequence[str] = ()) -> list[str]:
    """What is shown of a text that comes byte by byte."""
    return list(stream_text(byte_tokenizer.encode(text), byte_tokenizer.decode, stop))


def expected(ids: Sequence[int], stop: Sequence[str]) -> str:
    """What is left of a text that ends with the first token at which it holds a stop string."""
    for n in range(1, len(ids) + 1):
        text = decode(ids[:n])
        places = [text.index(word) for word in stop if word in text]
        if places:
            return text[: min(places)]
    return decode(ids)


@given(
    st.lists(st.integers(0, len(SYLLABLES) - 1), max_size=12),
    st.lists(st.text("abc", min_size=1, max_size=4), max_size=3),
)
def test_joined_pieces_are_the_text_before_the_first_stop_string(ids: list[int], stop: list[str]) -> None:
    shown = list(stream_text(ids, decode, stop))
    assert "".join(shown) == expected(ids, stop)
    assert all(shown), "no piece is empty"


@given(st.text(max_size=20))
def test_characters_come_whole(text: str) -> None:
    shown = pieces(text)
    assert "".join(shown) == text
    assert "\N{REPLACEMENT CHARACTER}" not in "".join(shown).replace(
        "\N{REPLACEMENT CHARACTER}", "", text.count("\ufffd")
    )


def test_every_character_is_shown_as_soon_as_its_bytes_are_there() -> None:
    assert pieces("aé€😀b") == ["a", "é", "€", "😀", "b"]


def test_bytes_that_are_no_character_are_shown_as_such_once_that_is_sure() -> None:
    assert list(stream_text([0x61, 0xC3, 0x62], byte_tokenizer.decode)) == ["a", "\ufffdb"]
    assert list(stream_text([0x61, 0xC3], byte_tokenizer.decode)) == ["a", "\ufffd"]


def test_the_beginning_of_a_stop_string_is_held_back_until_it_is_none() -> None:
    assert pieces("one\nUser", ["\nUser:"]) == ["o", "n", "e", "\nUser"]
    assert pieces("a\nUs\nUser: b", ["\nUser:"]) == ["a", "\nUs"]


@pytest.mark.parametrize("stop", [["é!"], ["né!"], ["ané!"]])
def test_a_stop_string_may_straddle_a_character_of_several_bytes(stop: list[str]) -> None:
    assert "".join(pieces("bané! more", stop)) == "bané!".removesuffix(stop[0])


def test_of_several_stop_strings_the_first_in_the_text_counts() -> None:
    assert "".join(stream_text([4, 5, 4], decode, ["c", "abc", "bc"])) == ""
    assert "".join(stream_text([0, 5, 4], decode, ["c", "bc"])) == "aa"


def test_the_end_token_ends_a_text_and_gives_back_what_was_held() -> None:
    assert list(stream_text([0, 1, END, 4], decode, ["abc"], {END})) == ["ab"]


def test_nothing_is_read_beyond_a_stop_string() -> None:
    ids = iter([0, 1, 4, 0, 0])
    assert "".join(stream_text(ids, decode, ["b"])) == "a"
    assert list(ids) == [4, 0, 0]


def test_no_tokens_give_no_text() -> None:
    assert list(stream_text([], decode, ["a"])) == []
