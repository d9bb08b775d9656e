"""The record of language modelling."""

from typing import ClassVar, Literal

from pydantic import Field

from cutaway.config.task import ON_TEXT, ModelNeeds, TaskConfig, TaskSpec


class LanguageModelingConfig(TaskConfig):
    """Predict each token from those before it."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(("decoder",), "language"),
        verbs=("generate", "score"),
        implementation="cutaway.tasks.language_modeling.task:LanguageModelingTask",
        presets={"text": "gpt-nano"},
        unread=ON_TEXT,
        pipeline_tag="text-generation",
    )

    kind: Literal["language_modeling"] = "language_modeling"
    multi_token_weight: float = Field(
        0.3,
        ge=0,
        description="weight of the loss on tokens after the next one, with model.multi_token_prediction",
    )
    document_mask: bool = Field(
        False, description="whether tokens attend to their own document only, with positions from 0"
    )
