"""What all subjects have in common that end in labels."""

from collections.abc import Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.runs.dataset import with_labels, with_task
from cutaway.tasks.rows.labels import LabelledRow, known_labels
from cutaway.tasks.rows.shown import SHOWN
from cutaway.tasks.sequence_classification.task import SequenceClassification, balanced_weights
from cutaway.tasks.shared import ClassificationConfig


def fit(config: RunConfig, task: ClassificationConfig, examples: Sequence[Any]) -> RunConfig:
    """Takes the labels from the examples, unless they are given."""
    labels = task.labels or known_labels([example.labels for example in examples], task.problem)
    return with_labels(with_task(config, labels=labels), len(labels or (1,)))


def task(config: RunConfig, chosen: ClassificationConfig, rows: Sequence[LabelledRow]) -> SequenceClassification:
    """The loss that the problem has."""
    kind = SHOWN[config.task.kind]
    if chosen.class_weights == "none" or chosen.problem != "single_label":
        return SequenceClassification(chosen.problem, kind=kind)
    numbers = [int(row.target[0]) for row in rows]
    return SequenceClassification(chosen.problem, balanced_weights(numbers, len(chosen.labels or ())), kind)
