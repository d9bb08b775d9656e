"""How byte-pair encoding joins a word, step by step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import UserError
from cutaway.text.merges import join_steps
from text.kinds import CONFIGS, READERS

TEXTS = st.lists(st.sampled_from(["the ", "Cat", "naïve", "漢字", "👩", "\n", "  ", "newest", "isn't"])).map("".join)


def test_the_pair_learnt_first_is_joined_first_and_the_left_one_before_the_right() -> None:
    ranks = {("a", "b"): 1, ("b", "a"): 0, ("ba", "ba"): 2}
    assert join_steps("ababa", ranks) == [
        ["a", "b", "a", "b", "a"],
        ["a", "ba", "b", "a"],
        ["a", "ba", "ba"],
        ["a", "baba"],
    ]
    assert join_steps("aaa", {("a", "a"): 7}) == [["a", "a", "a"], ["aa", "a"]]
    assert join_steps("", ranks) == [[]]


@given(TEXTS)
def test_joining_ends_with_the_tokens_and_begins_with_the_bytes(text: str) -> None:
    tokenizer = READERS["bpe"]
    words = tokenizer.merges(text)
    assert [piece for steps in words for piece in steps[-1]] == tokenizer.pieces(tokenizer.encode(text))
    first = [piece for steps in words for piece in steps[0]]
    assert first == READERS["byte"].pieces(READERS["byte"].encode(text))
    for steps in words:
        assert [len(step) for step in steps] == list(range(len(steps[0]), len(steps[-1]) - 1, -1))


def test_a_word_is_read_with_its_space() -> None:
    words = READERS["bpe"].merges("on the")
    assert [steps[0] for steps in words] == [["o", "n"], [" ", "t", "h", "e"]]
    assert words[1][-1] == [" the"]


@pytest.mark.parametrize("kind", [kind for kind in CONFIGS if kind != "bpe"])
def test_other_kinds_have_no_merges(kind: str) -> None:
    with pytest.raises(UserError, match="no merges to show"):
        READERS[kind].merges("the")


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(UserError, match=r"'\\udc80'"):
        READERS["bpe"].merges("\udc80")
