"""A misspelt word is told with the nearest, a shortened one with those that begin with it."""

import pytest

from cutaway.errors import JobError, UserError, closest, listed, nearest, quoted

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


def test_messages_are_bounded_whatever_they_quote() -> None:
    words = [f"word {i}" for i in range(5001)]
    for long in (nearest("xyzzy", words), listed(words), quoted("x" * 9999), quoted(list(range(9999)))):
        assert len(long) < 1000
    assert listed(words).endswith(", … (5,001 in all)")
    assert listed(["a", "b"]) == "a, b"
    assert quoted("a\nb") == r"'a\nb'"
    for kind in (UserError, JobError):
        said = str(kind("wrong: " + "x" * 99_999 + ": do this"))
        assert len(said) < 5000
        assert said.startswith("wrong: x")
        assert said.endswith("x: do this")
        assert str(kind("short")) == "short"


@pytest.mark.parametrize("kind", [UserError, JobError])
def test_a_message_is_one_line_whatever_it_quotes(kind: type[Exception]) -> None:
    assert str(kind("a library says: no\n  at all")) == "a library says: no at all"
    assert "\n" not in str(kind("x\n" * 5000))
