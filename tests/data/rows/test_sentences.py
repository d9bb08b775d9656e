"""Labelled texts as tokens and numbers, by the problem; a label that nobody taught is told, with the nearest known."""

from collections import Counter
from typing import Any

import pytest

from cutaway.config.task import SequenceClassificationConfig
from cutaway.data.examples import Labelled
from cutaway.data.rows.sentences import SentenceRow, known_labels, sentence_rows
from cutaway.errors import UserError
from text.kinds import READERS, train

LABELS = ("good", "bad", "neither")
TEXTS = ["the cat sat", "low lower lowest new newer", "it"]


def rows(
    *labels: tuple[str, ...], limit: int = 100, counted: Counter[str] | None = None, kind: str = "char", **choices: Any
) -> list[SentenceRow]:
    examples = [Labelled(text, given) for text, given in zip(TEXTS, labels, strict=False)]
    task = SequenceClassificationConfig(**{"labels": LABELS, **choices})
    return sentence_rows(READERS[kind], examples, task, limit, Counter() if counted is None else counted)


@pytest.mark.parametrize("kind", READERS)
def test_a_text_stands_between_its_frame(kind: str) -> None:
    tokenizer = READERS[kind]
    found = rows(("good",), ("bad",), ("bad",), kind=kind)
    assert [row.tokens for row in found] == [
        [tokenizer.begin, *tokenizer.encode(text), tokenizer.separator] for text in TEXTS
    ]
    assert [row.lengths for row in found] == [(len(row.tokens),) for row in found]


def test_a_tokenizer_without_a_frame_gives_none() -> None:
    plain = train("char")
    task = SequenceClassificationConfig(labels=LABELS)
    found = sentence_rows(plain, [Labelled("it", ("bad",))], task, 100, Counter())
    assert found == [SentenceRow(plain.encode("it"), (1.0,))]


def test_long_texts_are_cut_and_counted_and_keep_their_frame() -> None:
    counted = Counter[str]()
    whole, found = (rows(*[("good",)] * 3, limit=limit, counted=counted) for limit in (100, 6))
    assert counted == {"cut to 6 tokens": 2}
    assert [row.tokens for row in found[:2]] == [[*row.tokens[:5], row.tokens[-1]] for row in whole[:2]]
    assert found[2] == whole[2]


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
        with pytest.raises(UserError, match=r"is no number, and task\.problem is regression"):
            rows(wrong, problem="regression")


@pytest.mark.parametrize("problem", ["single_label", "multi_label"])
def test_a_label_that_nobody_taught_is_told(problem: str) -> None:
    said = "the label 'god' never occurs in the examples to train on; did you mean 'good'?"
    with pytest.raises(UserError) as caught:
        rows(("bad",), ("god",), problem=problem)
    assert str(caught.value) == said


def test_labels_are_known_by_their_alphabet() -> None:
    examples = [Labelled("a", ("z", "b")), Labelled("b", ("m",)), Labelled("c", ("b",)), Labelled("d", ())]
    assert known_labels(examples, "multi_label") == ("b", "m", "z")
    assert known_labels(examples, "regression") is None
