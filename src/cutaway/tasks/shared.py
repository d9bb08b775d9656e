"""Keys of several tasks."""

from typing import Literal

from pydantic import Field

from cutaway.config.task import TaskConfig


class ClassificationConfig(TaskConfig):
    """Keys of all classification tasks."""

    problem: Literal["single_label", "multi_label", "regression"] = Field(
        "single_label", description="one label per example, any number of labels, or a number"
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="weights of labels in the loss; balanced: rarer labels have larger ones"
    )
    labels: tuple[str, ...] | None = Field(None, description="all labels, in order; none: as in the data")


class ImagesConfig(TaskConfig):
    """Keys of all tasks on images: how pixel values are normalised."""

    values: Literal["bytes", "numbers"] | None = Field(
        None, description="bytes from 0 to 255, as in image files, or other numbers; none: as in the data"
    )
    mean: tuple[float, ...] | None = Field(
        None, description="mean of each channel, which is subtracted; none: that of the data"
    )
    std: tuple[float, ...] | None = Field(
        None, description="standard deviation of each channel, which values are divided by; none: that of the data"
    )
