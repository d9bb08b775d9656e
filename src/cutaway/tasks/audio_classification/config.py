"""The record of audio classification."""

from typing import ClassVar, Literal

from pydantic import Field

from cutaway.config.task import ModelNeeds, TaskSpec
from cutaway.errors import UserError
from cutaway.tasks.shared import ClassificationConfig


class AudioClassificationConfig(ClassificationConfig):
    """Predict a label, several labels or a number from a recording."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(("encoder",), "sequence", reads="frames"),
        verbs=("classify",),
        implementation="cutaway.tasks.audio_classification.task:AudioClassificationTask",
        presets={"labelled_recordings": "audio-nano"},
        unread=("tokenizer", "source_tokenizer"),
        has_text=False,
        example="recording.wav",
    )

    kind: Literal["audio_classification"] = "audio_classification"
    sample_rate: int = Field(16_000, gt=0, description="samples per second of all recordings: nothing is resampled")
    frame: float = Field(25.0, gt=0, description="length of a frame in milliseconds")
    hop: float = Field(10.0, gt=0, description="milliseconds between the starts of consecutive frames")
    mean: float | None = Field(
        None, description="mean of all log-mel values, which is subtracted; none: that of the data"
    )
    std: float | None = Field(
        None,
        gt=0,
        description="standard deviation of all log-mel values, which they are divided by; none: that of the data",
    )

    @property
    def statistics(self) -> tuple[float, float]:
        """Mean and standard deviation.

        Raises:
            UserError: they are not known without data.
        """
        if self.mean is None or self.std is None:
            raise UserError("the statistics of recordings are not known without data: give task.mean and task.std")
        return self.mean, self.std
