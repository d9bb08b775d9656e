"""Keys of several tasks."""

from typing import Literal

from pydantic import Field

from cutaway.config.task import TaskConfig


class ClassificationConfig(TaskConfig):
    """Keys of all classification tasks."""

    problem: Literal["single_label", "multi_label", "regression"] = "single_label"
    class_weights: Literal["none", "balanced"] = Field("none", description="balanced: rarer labels have larger weights")
    labels: tuple[str, ...] | None = Field(None, description="in order; taken from the data if not given")


class ImagesConfig(TaskConfig):
    """Keys of all tasks on images: how pixel values are normalised."""

    values: Literal["bytes", "numbers"] | None = Field(
        None, description="bytes from 0 to 255, as in image files, or other numbers; as in the data if not given"
    )
    mean: tuple[float, ...] | None = Field(
        None, description="of each channel, which is subtracted; that of the data if not given"
    )
    std: tuple[float, ...] | None = Field(
        None, description="of each channel, which values are divided by; that of the data if not given"
    )
