"""The record of sentence embedding."""

from typing import ClassVar, Literal

from pydantic import Field

from cutaway.config.task import TaskConfig, TaskSpec


class SentenceEmbeddingConfig(TaskConfig):
    """Embed texts, with models trained elsewhere (Reimers & Gurevych 2019)."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        None,
        verbs=("embed",),
        implementation="cutaway.tasks.sentence_embedding.task:SentenceEmbeddingTask",
        pipeline_tag="sentence-similarity",
    )

    kind: Literal["sentence_embedding"] = "sentence_embedding"
    longest: int | None = Field(
        None, gt=0, description="most tokens of a text, special tokens included; none: as the context has"
    )
