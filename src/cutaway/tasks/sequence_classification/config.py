"""The record of text classification."""

from typing import ClassVar, Literal

from cutaway.config.task import READERS, ModelNeeds, TaskSpec
from cutaway.tasks.shared import ClassificationConfig


class SequenceClassificationConfig(ClassificationConfig):
    """Predict a label, several labels or a number from a text."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(READERS, "sequence"),
        verbs=("classify", "embed"),
        implementation="cutaway.tasks.sequence_classification.task:SequenceClassificationTask",
        presets={"labelled_texts": "bert-nano", "labelled_proteins": "protein-nano"},
        unread=("source_tokenizer",),
        names_labels=True,
        pipeline_tag="text-classification",
    )

    kind: Literal["sequence_classification"] = "sequence_classification"
