"""A misspelt word is told with the nearest, a shortened one with those that begin with it."""

import pytest

from cutaway.errors import closest, nearest

KNOWN = ["gpt-micro", "gpt-nano", "gpt2-small", "bert-base", "sorter"]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("gpt-naon", ["gpt-nano"]),
        ("gpt", ["gpt-micro", "gpt-nano", "gpt2-small"]),
        ("GPT2", ["gpt2-small"]),
        ("sort", ["sorter"]),
        ("bert-base-uncased", ["bert-base"]),
        ("", []),
        ("xyzzy", []),
    ],
)
def test_the_closest_words(word: str, found: list[str]) -> None:
    assert closest(word, KNOWN) == found


def test_no_more_words_are_named_than_can_be_read() -> None:
    assert len(closest("a", [f"a{i}" for i in range(100)])) < 6


def test_a_clause_names_them_or_else_all() -> None:
    assert nearest("gpt", KNOWN) == "did you mean 'gpt-micro' or 'gpt-nano' or 'gpt2-small'?"
    assert nearest("xyzzy", KNOWN) == f"known: {', '.join(KNOWN)}"
