"""Token classification: choose a tag for each word."""

from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.data.examples import Tagged
from cutaway.runs.dataset import with_labels, with_task
from cutaway.runs.examples import ExampleDataset, Subject
from cutaway.tasks.token_classification.config import TokenClassificationConfig
from cutaway.tasks.token_classification.task import TokenClassification, WordsRow, word_rows
from cutaway.text.special import UNDERSTANDING


def texts(example: Tagged) -> tuple[Iterable[str], Iterable[str]]:
    """The words as a sentence."""
    return (example.given,), ()


def fit(config: RunConfig, task: TokenClassificationConfig, examples: Sequence[Tagged]) -> RunConfig:
    """Takes the tags from the examples, unless they are given."""
    labels = task.labels or tuple(sorted({tag for example in examples for tag in example.tags}))
    return with_labels(with_task(config, labels=labels), len(labels))


def rows(dataset: ExampleDataset, task: TokenClassificationConfig, examples: Sequence[Tagged]) -> list[WordsRow]:
    """Words as tokens, tags as numbers."""
    limit = dataset.config.model.context
    return word_rows(dataset.known_tokenizer, examples, task.labels or (), limit, dataset.counted)


def task(config: RunConfig, chosen: TokenClassificationConfig, rows: Sequence[Any]) -> TokenClassification:
    """Cross-entropy."""
    return TokenClassification()


SUBJECT = Subject(Tagged, UNDERSTANDING, texts, fit, rows, task)
