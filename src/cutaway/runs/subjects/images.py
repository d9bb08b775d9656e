"""Image classification: choose a label for an image."""

from collections.abc import Sequence

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.data.examples import CaptionedImage, LabelledImage
from cutaway.data.images.pixels import require_fitting
from cutaway.errors import UserError
from cutaway.runs.dataset import with_model, with_task
from cutaway.runs.examples import ExampleDataset, Subject
from cutaway.runs.subjects import labels
from cutaway.tasks.base import Batches
from cutaway.tasks.image_classification.augmentation import Shifted
from cutaway.tasks.image_classification.config import ImageClassificationConfig
from cutaway.tasks.image_classification.task import channel_statistics, image_rows, values_of
from cutaway.tasks.rows.labels import LabelledRow, labelled_rows
from cutaway.tasks.shared import ImagesConfig


def fit(config: RunConfig, task: ImageClassificationConfig, examples: Sequence[LabelledImage]) -> RunConfig:
    """Takes labels, the size of images and what their values are like from the examples, unless they are given.

    Raises:
        UserError: images cannot be cut into patches, or are moved by more pixels than they have.
    """
    height, width, _ = examples[0].pixels.shape
    if task.shift >= min(height, width):
        raise UserError(f"task.shift {task.shift} moves images of {height} × {width} pixels out of sight")
    return with_images(labels.fit(config, task, examples), task, examples)


def with_images(
    config: RunConfig, task: ImagesConfig, examples: Sequence[LabelledImage] | Sequence[CaptionedImage]
) -> RunConfig:
    """Takes the size of images and what their values are like from the examples, unless they are given.

    Raises:
        UserError: they cannot be cut into patches.
    """
    embedding = config.model.input_embedding(PatchEmbeddingConfig)
    images = [example.pixels.values() for example in examples]
    require_fitting("an image to train on", images[0].shape, embedding)
    mean, std = channel_statistics(images)
    config = with_task(
        config,
        values=task.values or values_of(images),
        mean=task.mean or mean,
        std=task.std or std,
    )
    height, width, channels = images[0].shape
    size = {"height": embedding.height or height, "width": embedding.width or width, "channels": channels}
    key = "embedding" if config.model.source_embedding is None else "source_embedding"
    return with_model(config, **{key: embedding.model_copy(update=size)})


def rows(
    dataset: ExampleDataset, task: ImageClassificationConfig, examples: Sequence[LabelledImage]
) -> list[LabelledRow]:
    """Images as the model reads them, labels as numbers."""
    embedding = dataset.config.model.input_embedding(PatchEmbeddingConfig)
    images = [example.pixels.values() for example in examples]
    for image in images[:1]:  # the others are like it
        require_fitting("an image to validate with", image.shape, embedding)
    shown = image_rows(images, task)
    return labelled_rows(
        shown, lambda image: image[0].size // embedding.patch**2, [example.labels for example in examples], task
    )


def shifted(config: RunConfig, task: ImageClassificationConfig, batches: Batches) -> Batches:
    """Moves images to train on, if they are to be."""
    return Shifted(batches, task.shift, config.train.seed) if task.shift else batches


SUBJECT = Subject(LabelledImage, (), None, fit, rows, labels.task, shifted)
