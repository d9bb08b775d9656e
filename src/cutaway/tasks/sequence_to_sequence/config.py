"""The record of sequence to sequence."""

from typing import ClassVar, Literal

from pydantic import Field

from cutaway.config.task import ModelNeeds, TaskConfig, TaskSpec


class SequenceToSequenceConfig(TaskConfig):
    """Write a target from a source: translation, summarization (Sutskever et al. 2014)."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(("encoder_decoder",), "language"),
        verbs=("translate", "summarize"),
        implementation="cutaway.tasks.sequence_to_sequence.task:SequenceToSequenceTask",
        presets={"text_pairs": "t5-nano"},
        searches=True,
        pipeline_tag="text2text-generation",
    )

    kind: Literal["sequence_to_sequence"] = "sequence_to_sequence"
    label_smoothing: float = Field(0.1, ge=0, lt=1, description="probability spread evenly over all tokens")
    truncate: bool = Field(
        False, description="whether sources that are too long are truncated; otherwise they are left out"
    )
