"""Image classification: choose a label for a picture."""

from collections.abc import Sequence

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.data.examples import Captioned, Picture
from cutaway.data.images.pixels import require_fitting
from cutaway.errors import UserError
from cutaway.runs.dataset import with_model, with_task
from cutaway.runs.examples import ExampleDataset, Subject
from cutaway.runs.subjects import labels
from cutaway.tasks.base import Batches
from cutaway.tasks.image_classification.augmentation import Shifted
from cutaway.tasks.image_classification.config import ImageClassificationConfig
from cutaway.tasks.image_classification.task import channel_statistics, picture_rows, values_of
from cutaway.tasks.rows.labels import LabelledRow, labelled_rows
from cutaway.tasks.shared import ImagesConfig


def fit(config: RunConfig, task: ImageClassificationConfig, examples: Sequence[Picture]) -> RunConfig:
    """Takes labels, the size of pictures and what their values are like from the examples, unless they are given.

    Raises:
        UserError: pictures cannot be cut into patches, or are moved by more pixels than they have.
    """
    height, width, _ = examples[0].pixels.shape
    if task.shift >= min(height, width):
        raise UserError(f"task.shift {task.shift} moves pictures of {height} × {width} pixels out of sight")
    return with_pictures(labels.fit(config, task, examples), task, examples)


def with_pictures(
    config: RunConfig, task: ImagesConfig, examples: Sequence[Picture] | Sequence[Captioned]
) -> RunConfig:
    """Takes the size of pictures and what their values are like from the examples, unless they are given.

    Raises:
        UserError: they cannot be cut into patches.
    """
    embedding = config.model.input_embedding(PatchEmbeddingConfig)
    pictures = [example.pixels.values() for example in examples]
    require_fitting("a picture to train on", pictures[0].shape, embedding)
    mean, deviation = channel_statistics(pictures)
    config = with_task(
        config,
        values=task.values or values_of(pictures),
        mean=task.mean or mean,
        deviation=task.deviation or deviation,
    )
    height, width, channels = pictures[0].shape
    size = {"height": embedding.height or height, "width": embedding.width or width, "channels": channels}
    key = "embedding" if config.model.source_embedding is None else "source_embedding"
    return with_model(config, **{key: embedding.model_copy(update=size)})


def rows(dataset: ExampleDataset, task: ImageClassificationConfig, examples: Sequence[Picture]) -> list[LabelledRow]:
    """Pictures as the model reads them, labels as numbers."""
    embedding = dataset.config.model.input_embedding(PatchEmbeddingConfig)
    pictures = [example.pixels.values() for example in examples]
    for picture in pictures[:1]:  # the others are like it
        require_fitting("a picture to validate with", picture.shape, embedding)
    shown = picture_rows(pictures, task)
    return labelled_rows(
        shown, lambda picture: picture[0].size // embedding.patch**2, [example.labels for example in examples], task
    )


def shifted(config: RunConfig, task: ImageClassificationConfig, batches: Batches) -> Batches:
    """Moves pictures to train on, if they are to be."""
    return Shifted(batches, task.shift, config.train.seed) if task.shift else batches


SUBJECT = Subject(Picture, (), None, fit, rows, labels.task, shifted)
