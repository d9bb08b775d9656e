"""A misspelt word is told with the nearest, a shortened one with those that begin with it."""

import ast

import pytest

from cutaway.errors import ONE_OF, JobError, UserError, closest, counted, counted_reasons, listed, nearest, quoted
from support import ROOT

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


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1234, "1,234 rows"), (1.0, "1 row"), (0.5, "0.5 rows")],
)
def test_one_is_no_plural(number: float, said: str) -> None:
    assert counted(number, "row") == said


def test_one_of_a_reason_is_no_plural() -> None:
    assert counted_reasons({"comments": 1, "hidden": 1, "empty": 0, "document marks": 1200}) == (
        "1 comment, 1 hidden, 1,200 document marks"
    )
    assert counted_reasons({}) == ""


ADJECTIVES = {
    "empty",
    "hidden",
    "not text",
    "unanswerable",
    "without a caption",
    "without a label",
    "beside the folders of labels",
}


def test_every_reason_that_is_a_noun_has_a_singular() -> None:
    """Reasons are keys of counters with these names; others have numbers or names in them."""
    found = set()
    for path in sorted((ROOT / "src/cutaway").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript):
                names, counter, keys = {"skipped", "counted"}, node.target.value, [node.target.slice]
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
                names, counter, keys = {"dropped"}, node.targets[0], node.value.keys
            else:
                continue
            if isinstance(counter, ast.Name) and counter.id in names:
                found |= {key.value for key in keys if isinstance(key, ast.Constant)}
    assert {"comments", "edges from a node to itself", "empty"} <= found
    assert found - ADJECTIVES == set(ONE_OF)
