"""Sentence embedding: its keys, the model that it needs, and its verbs."""

from typing import ClassVar, Literal

from cutaway.config.task import TaskConfig, TaskSpec


class SentenceEmbeddingConfig(TaskConfig):
    """Give a vector to each text; of models trained elsewhere (Reimers & Gurevych 2019)."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        None,
        verbs=("embed",),
        implementation="cutaway.tasks.sentence_embedding.task:SentenceEmbeddingTask",
        pipeline_tag="sentence-similarity",
    )

    kind: Literal["sentence_embedding"] = "sentence_embedding"
