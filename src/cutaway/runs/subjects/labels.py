"""What all subjects have in common that end in labels."""

from collections.abc import Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.config.task import ClassificationConfig
from cutaway.data.rows.labels import LabelledRow, known_labels
from cutaway.data.rows.shown import SHOWN
from cutaway.runs.course import with_labels
from cutaway.train.tasks.sequence_classification import SequenceClassification, balanced_weights


def fit(config: RunConfig, examples: Sequence[Any]) -> RunConfig:
    """Takes the labels from the examples, unless they are given."""
    task = classification(config)
    labels = task.labels or known_labels([example.labels for example in examples], task.problem)
    config = config.model_copy(update={"task": task.model_copy(update={"labels": labels})})
    return with_labels(config, len(labels or (1,)))


def task(config: RunConfig, rows: Sequence[LabelledRow]) -> SequenceClassification:
    """The loss that the problem has."""
    chosen = classification(config)
    kind = SHOWN[config.task.kind]
    if chosen.class_weights == "none" or chosen.problem != "single_label":
        return SequenceClassification(chosen.problem, kind=kind)
    numbers = [int(row.target[0]) for row in rows]
    return SequenceClassification(chosen.problem, balanced_weights(numbers, len(chosen.labels or ())), kind)


def classification(config: RunConfig) -> ClassificationConfig:
    """The task of such a run."""
    assert isinstance(config.task, ClassificationConfig)
    return config.task
