"""What holds for every metric, however it is computed."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from cutaway.errors import UserError, counted
from cutaway.metrics.answers import answer_report
from cutaway.metrics.captions import caption_report
from cutaway.metrics.classes import classification_report, multi_label_report
from cutaway.metrics.entities import entity_report
from cutaway.metrics.exact import sequence_report
from cutaway.metrics.report import Report
from cutaway.metrics.summaries import rouge
from cutaway.metrics.translation import bleu
from cutaway.metrics.values import regression_report
from support import require_module

LABELS = ("red", "green", "blue")
SENTENCES = ["the cat sat on the mat", "a dog barked at two small birds", "nobody heard the rain that night, none"]


def in_length_three(predicted: Sequence[Any], true: Sequence[Any]) -> Report:
    return sequence_report(predicted, true, [3] * len(true), longest_trained=3)


def in_colours(predicted: Sequence[Any], true: Sequence[Any]) -> Report:
    return classification_report(predicted, true, LABELS)


def in_sets_of_colours(predicted: Sequence[Any], true: Sequence[Any]) -> Report:
    return multi_label_report(predicted, true, LABELS)


@dataclass(frozen=True)
class Case:
    """A metric, examples of it, predictions that are partly right, and what a perfect prediction is worth."""

    name: str
    metric: Callable[[Any, Any], Report]
    true: list[Any]
    predicted: list[Any]
    library: tuple[str, str] = ("", "")
    exact: Callable[[Any], Any] = lambda example: example
    perfect: float = 100


CASES = [
    Case(
        "bleu",
        bleu,
        SENTENCES,
        ["the cat sat on a mat", "", "nobody heard the rain that day"],
        ("sacrebleu.metrics", "sacrebleu"),
    ),
    Case(
        "rouge",
        rouge,
        SENTENCES,
        ["a mat sat on the cat", "birds", "nobody heard rain"],
        ("rouge_score.rouge_scorer", "rouge-score"),
    ),
    Case(
        "captions",
        caption_report,
        SENTENCES,
        ["the cat sat on the mat", "birds", "nobody heard the rain that day"],
        ("sacrebleu.metrics", "sacrebleu"),
    ),
    Case(
        "classes",
        in_colours,
        ["red", "blue", "red", "blue"],
        ["red", "red", "red", "blue"],
        ("sklearn.metrics", "scikit-learn"),
    ),
    Case(
        "sets",
        in_sets_of_colours,
        [["red", "blue"], [], ["blue"]],
        [["red"], ["blue"], ["blue"]],
        ("sklearn.preprocessing", "scikit-learn"),
    ),
    Case("values", regression_report, [0.5, 2.0, 1.0], [0.25, 0.5, 1.0], ("scipy.stats", "scipy"), perfect=1),
    Case(
        "entities",
        entity_report,
        [["B-PER", "I-PER", "O"], ["O", "B-LOC"]],
        [["B-PER", "O", "O"], ["O", "B-LOC"]],
        ("seqeval.metrics.sequence_labeling", "seqeval"),
    ),
    Case(
        "answers",
        answer_report,
        [["Paris", "in Paris"], ["1492"], []],
        ["in Paris", "1491", ""],
        exact=lambda answers: answers[-1] if answers else "",
    ),
    Case("sequences", in_length_three, [[1, 2, 3], [4, 5, 6]], [[1, 3, 2], [4, 5, 6]]),
]
every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def computed(case: Case, predicted: list[Any], true: list[Any]) -> Report:
    if case.library[0]:
        require_module(case.library[0])
    return case.metric(predicted, true)


def measured(report: Report) -> dict[str, float]:
    """The figures that say how good predictions are, the greater the better."""
    return {name: figure for name, figure in report.figures.items() if name not in ("mean_squared_error", "sequences")}


@every
def test_perfect_predictions_get_the_highest_figure(case: Case) -> None:
    report = computed(case, [case.exact(example) for example in case.true], case.true)
    assert measured(report) == pytest.approx(dict.fromkeys(measured(report), case.perfect))


@every
def test_worse_predictions_get_lower_figures(case: Case) -> None:
    figures = measured(computed(case, case.predicted, case.true))
    assert figures
    assert all(0 < figure < case.perfect for figure in figures.values()), figures


@every
def test_the_order_of_the_examples_does_not_matter(case: Case) -> None:
    report = computed(case, case.predicted, case.true)
    turned = computed(case, case.predicted[1:] + case.predicted[:1], case.true[1:] + case.true[:1])
    assert turned.figures == pytest.approx(report.figures)
    assert turned.parts.keys() == report.parts.keys()
    for part, figures in report.parts.items():
        assert turned.parts[part] == pytest.approx(figures)


@every
def test_a_report_survives_json(case: Case) -> None:
    report = computed(case, case.predicted, case.true)
    assert Report(**json.loads(json.dumps(asdict(report), allow_nan=False))) == report


@every
def test_one_prediction_for_each_example(case: Case) -> None:
    told = rf"^{counted(len(case.true) - 1, 'prediction')} for {len(case.true)} examples"
    with pytest.raises(UserError, match=told):
        case.metric(case.predicted[1:], case.true)


@every
def test_nothing_cannot_be_measured(case: Case) -> None:
    with pytest.raises(UserError, match="no examples"):
        case.metric([], [])


@pytest.mark.parametrize("case", [case for case in CASES if case.library[0]], ids=lambda case: case.name)
def test_a_missing_library_is_named(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    module, distribution = case.library
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=rf"needs {distribution}: install it with pip install 'cutaway\[eval\]'$"):
        case.metric(case.predicted, case.true)
