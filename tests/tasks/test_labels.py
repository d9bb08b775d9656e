"""Labels as numbers, by the problem; a label that nobody taught is told, with the nearest known."""

from typing import Any

import pytest

from cutaway.errors import UserError
from cutaway.tasks.labels import LabelledRow, known_labels, labelled_rows
from cutaway.tasks.sequence_classification.config import SequenceClassificationConfig

LABELS = ("good", "bad", "neither")
SHOWN = ["the cat sat", "lower", "it"]


def rows(*labels: tuple[str, ...], **choices: Any) -> list[LabelledRow]:
    task = SequenceClassificationConfig(**{"labels": LABELS, **choices})
    return labelled_rows(SHOWN[: len(labels)], len, labels, task)


def test_a_row_knows_what_is_shown_and_how_long_it_is() -> None:
    found = rows(("good",), ("bad",), ("bad",))
    assert [row.shown for row in found] == SHOWN
    assert [row.lengths for row in found] == [(len(shown),) for shown in SHOWN]


def test_a_single_label_is_its_number() -> None:
    assert [row.target for row in rows(("neither",), ("good",), ("bad",))] == [(2,), (0,), (1,)]
    with pytest.raises(UserError, match=r"an example has 2 labels \(good, bad\).*task.problem=multi_label"):
        rows(("good", "bad"))
    with pytest.raises(UserError, match=r"an example has 0 labels \(none\)"):
        rows(())


def test_several_labels_are_a_switch_each() -> None:
    found = rows(("neither", "good"), (), ("bad", "good", "neither"), problem="multi_label")
    assert [row.target for row in found] == [(1, 0, 1), (0, 0, 0), (1, 1, 1)]


def test_a_number_is_itself() -> None:
    found = rows(("-1.5",), ("2",), ("1e3",), problem="regression", labels=None)
    assert [row.target for row in found] == [(-1.5,), (2,), (1000,)]
    for wrong in (("good",), ("1", "2"), ()):
        with pytest.raises(UserError, match=r"is not a number, and task\.problem is regression"):
            rows(wrong, problem="regression")


@pytest.mark.parametrize("problem", ["single_label", "multi_label"])
def test_a_label_that_nobody_taught_is_told(problem: str) -> None:
    said = "the label 'god' does not occur in the training split; did you mean 'good'?"
    with pytest.raises(UserError) as caught:
        rows(("bad",), ("god",), problem=problem)
    assert str(caught.value) == said


def test_labels_are_known_by_their_alphabet() -> None:
    labels = [("z", "b"), ("m",), ("b",), ()]
    assert known_labels(labels, "multi_label") == ("b", "m", "z")
    assert known_labels(labels, "regression") is None
