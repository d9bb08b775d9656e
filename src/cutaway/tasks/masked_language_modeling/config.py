"""The record of masked language modelling."""

from typing import ClassVar, Literal

from pydantic import Field

from cutaway.config.task import ON_TEXT, ModelNeeds, TaskConfig, TaskSpec


class MaskedLanguageModelingConfig(TaskConfig):
    """Predict hidden tokens from those on both sides (Devlin et al. 2019, section 3.1)."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(("encoder",), "language", roles=("mask",)),
        verbs=("fill", "embed"),
        implementation="cutaway.tasks.masked_language_modeling.task:MaskedLanguageModelingTask",
        presets={"text": "bert-nano", "proteins": "protein-nano"},
        unread=ON_TEXT,
        pipeline_tag="fill-mask",
    )

    kind: Literal["masked_language_modeling"] = "masked_language_modeling"
    fraction: float = Field(0.15, gt=0, lt=1, description="fraction of the tokens that is predicted")
    masked: float = Field(
        0.8, ge=0, le=1, description="fraction of the predicted tokens that is replaced by the mask token"
    )
    random: float = Field(
        0.1, ge=0, le=1, description="fraction of the predicted tokens that is replaced by another token"
    )
