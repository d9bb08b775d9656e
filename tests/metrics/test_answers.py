import pytest

from cutaway.metrics.answers import answer_report, normalize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The  Eiffel\tTower.", "eiffel tower"),
        ("a U.S. theory of an atom", "us theory of atom"),
        ("«Größe»", "«größe»"),
        ("the", ""),
    ],
)
def test_what_does_not_count_is_taken_away(text: str, words: str) -> None:
    assert normalize(text) == words
    assert normalize(words) == words


@pytest.mark.parametrize(
    ("text", "answers", "exact_match", "f1"),
    [
        ("the Norman dynasty!", ["Norman Dynasty"], 100, 100),
        ("in the 10th century", ["10th century"], 0, 80),
        ("10th", ["10th and 11th centuries", "the tenth"], 0, 40),
        ("no no", ["no"], 0, 100 * 2 / 3),  # a word counts as often as it is there
        ("", ["Rollo"], 0, 0),
        ("Rollo", [], 0, 0),
        ("", [], 100, 100),
    ],
)
def test_answers_by_hand(text: str, answers: list[str], exact_match: float, f1: float) -> None:
    assert answer_report([text], [answers]).figures == pytest.approx({"exact_match": exact_match, "f1": f1})


def test_figures_are_means_over_questions() -> None:
    figures = answer_report(["Rollo", "10th", "x"], [["Rollo"], ["10th century"], ["y"]]).figures
    assert figures == pytest.approx({"exact_match": 100 / 3, "f1": 100 * (1 + 2 / 3 + 0) / 3})
