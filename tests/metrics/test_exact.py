import pytest

from cutaway.metrics.exact import sequence_report

TRUE = [[1, 2], [3, 4], [5, 6, 7], [8, 9, 10, 11]]
PREDICTED = [[1, 2], [4, 3], [5, 6, 0], [8, 9, 10]]
LENGTHS = [2, 2, 3, 4]


def test_lengths_beyond_training_stand_apart() -> None:
    report = sequence_report(PREDICTED, TRUE, LENGTHS, longest_trained=2)
    assert report.figures == pytest.approx(
        {
            "exact_match": 50,
            "token_accuracy": 50,
            "sequences": 2,
            "exact_match_beyond": 0,
            "token_accuracy_beyond": 100 * 5 / 7,
            "sequences_beyond": 2,
        }
    )


def test_each_length_is_a_part() -> None:
    report = sequence_report(PREDICTED[::-1], TRUE[::-1], LENGTHS[::-1], longest_trained=4)
    assert list(report.parts) == ["2", "3", "4"]
    assert report.parts["3"] == pytest.approx({"exact_match": 0, "token_accuracy": 100 * 2 / 3, "sequences": 1})
    assert sum(part["sequences"] for part in report.parts.values()) == len(TRUE)


@pytest.mark.parametrize(("longest_trained", "suffix"), [(9, ""), (1, "_beyond")])
def test_a_group_without_examples_has_no_figures(longest_trained: int, suffix: str) -> None:
    figures = sequence_report(PREDICTED, TRUE, LENGTHS, longest_trained).figures
    assert set(figures) == {f"{name}{suffix}" for name in ("exact_match", "token_accuracy", "sequences")}


def test_too_many_tokens_are_not_exact() -> None:
    figures = sequence_report([(1, 2, 3)], [(1, 2)], [2], longest_trained=2).figures
    assert figures == {"exact_match": 0, "token_accuracy": 100, "sequences": 1}
