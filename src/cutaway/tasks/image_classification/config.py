"""The record of image classification."""

from typing import ClassVar, Literal

from pydantic import Field

from cutaway.config.task import ModelNeeds, TaskSpec
from cutaway.tasks.shared import ClassificationConfig, ImagesConfig


class ImageClassificationConfig(ClassificationConfig, ImagesConfig):
    """Predict a label, several labels or a number from an image."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(("encoder",), "sequence", reads="patches"),
        verbs=("classify",),
        implementation="cutaway.tasks.image_classification.task:ImageClassificationTask",
        presets={"labelled_images": "vit-nano"},
        unread=("tokenizer", "source_tokenizer"),
        has_text=False,
        names_labels=True,
        pipeline_tag="image-classification",
        example="image.png",
    )

    kind: Literal["image_classification"] = "image_classification"
    shift: int = Field(0, ge=0, description="most pixels by which training images are shifted at random")
