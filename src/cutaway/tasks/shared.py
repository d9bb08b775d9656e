"""What several tasks have in common."""

from typing import Literal

from pydantic import Field

from cutaway.config.task import TaskConfig


class ClassificationConfig(TaskConfig):
    """What every classification has in common, whatever a model is shown."""

    problem: Literal["single_label", "multi_label", "regression"] = "single_label"
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: a label counts the more, the rarer it is"
    )
    labels: tuple[str, ...] | None = Field(None, description="in order; those of the data if not given")


class ImagesConfig(TaskConfig):
    """What every task on images has in common: how their values are brought to one scale."""

    values: Literal["bytes", "numbers"] | None = Field(
        None, description="bytes from 0 to 255, as image files hold them, or others; those of the data if not given"
    )
    mean: tuple[float, ...] | None = Field(
        None, description="of each channel, taken from its values; that of the data if not given"
    )
    std: tuple[float, ...] | None = Field(
        None, description="of each channel, that they are divided by; that of the data if not given"
    )
