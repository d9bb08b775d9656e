"""Audio classification: its keys, the model that it needs, and its verbs."""

from typing import ClassVar, Literal

from pydantic import Field

from cutaway.config.task import ModelNeeds, TaskSpec
from cutaway.errors import UserError
from cutaway.tasks.shared import ClassificationConfig


class AudioClassificationConfig(ClassificationConfig):
    """Choose a label for a recording, or several, or tell a number."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(("encoder",), "sequence", reads="frames"),
        verbs=("classify",),
        implementation="cutaway.tasks.audio_classification.task:AudioClassificationTask",
        unread=("tokenizer", "source_tokenizer"),
        has_text=False,
        example="recording.wav",
    )

    kind: Literal["audio_classification"] = "audio_classification"
    sample_rate: int = Field(16_000, gt=0, description="samples a second of all recordings: none is resampled")
    frame: float = Field(25.0, gt=0, description="milliseconds of sound in a frame")
    hop: float = Field(10.0, gt=0, description="milliseconds from the start of a frame to that of the next")
    mean: float | None = Field(
        None, description="of all log-mel values, taken from each; that of the data if not given"
    )
    std: float | None = Field(
        None, gt=0, description="of all log-mel values, that each is divided by; that of the data if not given"
    )

    @property
    def statistics(self) -> tuple[float, float]:
        """Mean and std.

        Raises:
            UserError: they are not known without data.
        """
        if self.mean is None or self.std is None:
            raise UserError("what recordings are like is not known without data: give task.mean and task.std")
        return self.mean, self.std
