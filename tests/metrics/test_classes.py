import pytest

from cutaway.errors import UserError
from cutaway.metrics.classes import classification_report, multi_label_report
from support import require_module

LABELS = ("sport", "news", "art")


@pytest.fixture(autouse=True)
def _needs_sklearn() -> None:
    require_module("sklearn")


def test_one_class_each_by_hand() -> None:
    true = ["sport", "sport", "sport", "news", "news"]
    report = classification_report(["sport", "news", "sport", "news", "sport"], true, LABELS)
    assert report.figures == pytest.approx({"accuracy": 60, "macro_f1": 100 * (2 / 3 + 1 / 2) / 2})
    assert report.parts["sport"] == pytest.approx(
        {"precision": 100 * 2 / 3, "recall": 100 * 2 / 3, "f1": 100 * 2 / 3, "support": 3}
    )
    assert report.parts["news"] == pytest.approx({"precision": 50, "recall": 50, "f1": 50, "support": 2})


def test_classes_come_in_their_order_and_absent_ones_do_not_lower_the_mean() -> None:
    report = classification_report(["news"], ["news"], LABELS)
    assert list(report.parts) == list(LABELS)
    assert report.parts["art"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert report.figures["macro_f1"] == 100


def test_a_class_that_was_only_guessed_lowers_the_mean() -> None:
    report = classification_report(["news", "art"], ["news", "news"], LABELS)
    assert report.figures["macro_f1"] == pytest.approx(100 * (2 / 3 + 0) / 2)


def test_several_classes_by_hand() -> None:
    true = [("sport", "news"), (), ("art",), ("news",)]
    report = multi_label_report([("news", "sport"), (), ("news",), ("news", "art")], true, LABELS)
    # Of 5 said and 4 true, 3 are right; news alone: 2 right of 3 said and 2 true; art: none right.
    assert report.figures == pytest.approx(
        {"exact_match": 50, "micro_f1": 100 * 6 / 9, "macro_f1": 100 * (1 + 4 / 5 + 0) / 3}
    )
    assert report.parts["news"] == pytest.approx({"precision": 100 * 2 / 3, "recall": 100, "f1": 80, "support": 2})


def test_saying_nothing_where_nothing_is_matches() -> None:
    assert multi_label_report([[]], [[]], LABELS).figures == {"exact_match": 100, "micro_f1": 0, "macro_f1": 0}


@pytest.mark.parametrize("swap", [False, True])
def test_an_unknown_class_is_refused(swap: bool) -> None:
    known, unknown = ["art", "news"], ["art", "new"]
    predicted, true = (unknown, known) if swap else (known, unknown)
    with pytest.raises(UserError, match=r"^example 2: 'new' is not a class of this model; did you mean 'news'\?$"):
        classification_report(predicted, true, LABELS)


def test_one_class_is_no_choice() -> None:
    with pytest.raises(UserError, match="at least two classes, not 1"):
        multi_label_report([["art"]], [[]], ["art"])
