"""Token classification: choose a tag for each word."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.data.examples import Tagged
from cutaway.data.rows.words import WordsRow, word_rows
from cutaway.runs.course import with_labels
from cutaway.runs.examples import ExampleCourse, Subject
from cutaway.text.special import UNDERSTANDING
from cutaway.train.tasks.token_classification import TokenClassification


def texts(example: Tagged) -> tuple[Iterable[str], Iterable[str]]:
    """The words as a sentence."""
    return (example.given,), ()


def fit(config: RunConfig, examples: Sequence[Tagged]) -> RunConfig:
    """Takes the tags from the examples, unless they are given."""
    assert config.task.kind == "token_classification"
    labels = config.task.labels or tuple(sorted({tag for example in examples for tag in example.tags}))
    config = config.model_copy(update={"task": config.task.model_copy(update={"labels": labels})})
    return with_labels(config, len(labels))


def rows(course: ExampleCourse, examples: Sequence[Tagged], counted: Counter[str]) -> list[WordsRow]:
    """Words as tokens, tags as numbers."""
    config = course.config
    assert config.task.kind == "token_classification"
    return word_rows(course.known_tokenizer, examples, config.task.labels or (), config.model.context, counted)


def task(config: RunConfig, rows: Sequence[Any]) -> TokenClassification:
    """Cross-entropy."""
    return TokenClassification()


SUBJECT = Subject(Tagged, UNDERSTANDING, texts, fit, rows, task)
