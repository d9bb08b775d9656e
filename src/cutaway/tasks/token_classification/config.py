"""The record of token classification."""

from typing import ClassVar, Literal

from pydantic import Field

from cutaway.config.task import ON_FILES_OF_ONE_FORM, READERS, ModelNeeds, TaskConfig, TaskSpec


class TokenClassificationConfig(TaskConfig):
    """Choose a tag for each word."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(READERS, "token"),
        verbs=("tag", "embed"),
        implementation="cutaway.tasks.token_classification.task:TokenClassificationTask",
        presets={"tagged_sentences": "bert-nano"},
        unread=ON_FILES_OF_ONE_FORM,
        names_labels=True,
        pipeline_tag="token-classification",
    )

    kind: Literal["token_classification"] = "token_classification"
    labels: tuple[str, ...] | None = Field(None, description="all tags, in order; none: as in the data")
