"""Sequence classification: choose a label for a text."""

from collections import Counter
from collections.abc import Iterable, Sequence

from cutaway.config.run import RunConfig
from cutaway.data.examples import Labelled
from cutaway.data.rows.sentences import SentenceRow, known_labels, sentence_rows
from cutaway.runs.course import with_labels
from cutaway.runs.examples import ExampleCourse, Subject
from cutaway.text.special import UNDERSTANDING
from cutaway.train.tasks.sequence_classification import SequenceClassification, balanced_weights


def texts(example: Labelled) -> tuple[Iterable[str], Iterable[str]]:
    """Nothing but the text."""
    return (example.text,), ()


def fit(config: RunConfig, examples: Sequence[Labelled]) -> RunConfig:
    """Takes the labels from the examples, unless they are given."""
    assert config.task.kind == "sequence_classification"
    labels = config.task.labels or known_labels(examples, config.task.problem)
    config = config.model_copy(update={"task": config.task.model_copy(update={"labels": labels})})
    return with_labels(config, len(labels or (1,)))


def rows(course: ExampleCourse, examples: Sequence[Labelled], counted: Counter[str]) -> list[SentenceRow]:
    """Texts as tokens, labels as numbers."""
    config = course.config
    assert config.task.kind == "sequence_classification"
    return sentence_rows(course.tokenizer, examples, config.task, config.model.context, counted)


def task(config: RunConfig, rows: Sequence[SentenceRow]) -> SequenceClassification:
    """The loss that the problem has."""
    chosen = config.task
    assert chosen.kind == "sequence_classification"
    if chosen.class_weights == "none" or chosen.problem != "single_label":
        return SequenceClassification(chosen.problem)
    numbers = [int(row.target[0]) for row in rows]
    return SequenceClassification(chosen.problem, balanced_weights(numbers, len(chosen.labels or ())))


SUBJECT = Subject(Labelled, UNDERSTANDING, texts, fit, rows, task)
