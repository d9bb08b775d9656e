"""The record of image captioning."""

from typing import ClassVar, Literal

from pydantic import Field

from cutaway.config.task import ModelNeeds, TaskSpec
from cutaway.tasks.shared import ImagesConfig


class ImageCaptioningConfig(ImagesConfig):
    """Write a caption for an image (Vinyals et al. 2015)."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(("encoder_decoder",), "language", reads="patches"),
        verbs=("caption",),
        implementation="cutaway.tasks.image_captioning.task:ImageCaptioningTask",
        presets={"captioned_images": "caption-nano"},
        unread=("source_tokenizer",),
        searches=True,
        example="image.png",
    )

    kind: Literal["image_captioning"] = "image_captioning"
    label_smoothing: float = Field(0.1, ge=0, lt=1, description="probability spread evenly over all tokens")
