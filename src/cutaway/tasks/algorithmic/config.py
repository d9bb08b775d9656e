"""The record of algorithmic tasks."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from cutaway.config.task import ON_TEXT, ModelNeeds, TaskConfig, TaskSpec


class AlgorithmicConfig(TaskConfig):
    """Compute on generated sequences; graded by exact match."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(("encoder",), "token"),
        verbs=(),
        implementation="cutaway.tasks.algorithmic.task:AlgorithmicTask",
        presets={"generated": "sorter"},
        unread=("data.path", "data.field", *ON_TEXT),
        generates_data=True,
    )

    kind: Literal["algorithmic"] = "algorithmic"
    operation: Literal["sort", "reverse", "copy", "add"] = Field("sort", description="what is computed")
    length: int = Field(12, gt=1, description="length of the longest training sequence in symbols")
    shortest: int | None = Field(
        None, gt=1, description="length of the shortest sequence in symbols; none: that of the longest"
    )
    symbols: int = Field(100, gt=1, description="numbers from 0 to below this occur; for add, 10 digits")
    held_out: int = Field(1000, gt=0, description="number of sequences to validate on")

    @property
    def verbs(self) -> tuple[str, ...]:
        """The operation itself."""
        return (self.operation,)

    @model_validator(mode="after")
    def _fits(self) -> "AlgorithmicConfig":
        if (self.shortest or 0) > self.length:
            raise ValueError(f"task.shortest {self.shortest} is more than task.length {self.length}: change one")
        return self
