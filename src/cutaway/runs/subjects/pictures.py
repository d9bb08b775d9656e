"""Image classification: choose a label for a picture."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.config.task import ImageClassificationConfig, PicturesConfig
from cutaway.data.examples import Picture
from cutaway.data.pictures import require_fitting
from cutaway.data.rows.labels import LabelledRow, labelled_rows
from cutaway.data.rows.pictures import Pixels, channel_statistics, picture_rows, values_of
from cutaway.data.shifting import Shifted
from cutaway.errors import UserError
from cutaway.runs.course import with_model
from cutaway.runs.examples import ExampleCourse, Subject
from cutaway.runs.subjects import labels
from cutaway.train.tasks.base import Batches


def fit(config: RunConfig, examples: Sequence[Picture]) -> RunConfig:
    """Takes labels, the size of pictures and what their values are like from the examples, unless they are given.

    Raises:
        UserError: pictures cannot be cut into patches, or are moved by more pixels than they have.
    """
    pictures = [example.pixels.values() for example in examples]
    height, width, _ = pictures[0].shape
    assert isinstance(config.task, ImageClassificationConfig)
    if config.task.shift >= min(height, width):
        raise UserError(f"task.shift {config.task.shift} moves pictures of {height} × {width} pixels out of sight")
    return with_pictures(labels.fit(config, examples), "embedding", pictures)


def with_pictures(
    config: RunConfig, key: Literal["embedding", "source_embedding"], pictures: Sequence[Pixels]
) -> RunConfig:
    """Fills in the size of the pictures that an embedding reads, and what their values are like, unless given.

    Raises:
        UserError: they cannot be cut into patches.
    """
    task, embedding = config.task, getattr(config.model, key)
    assert isinstance(task, PicturesConfig)
    assert isinstance(embedding, PatchEmbeddingConfig)
    require_fitting("a picture to train on", pictures[0].shape, embedding)
    mean, deviation = channel_statistics(pictures)
    told = {
        "values": task.values or values_of(pictures),
        "mean": task.mean or mean,
        "deviation": task.deviation or deviation,
    }
    height, width, channels = pictures[0].shape
    size = {"height": embedding.height or height, "width": embedding.width or width, "channels": channels}
    config = config.model_copy(update={"task": task.model_copy(update=told)})
    return with_model(config, **{key: embedding.model_copy(update=size)})


def rows(course: ExampleCourse, examples: Sequence[Picture], counted: Counter[str]) -> list[LabelledRow]:
    """Pictures as the model reads them, labels as numbers."""
    task, embedding = course.config.task, course.config.model.embedding
    assert isinstance(task, ImageClassificationConfig)
    assert isinstance(embedding, PatchEmbeddingConfig)
    pictures = [example.pixels.values() for example in examples]
    for picture in pictures[:1]:  # the others are like it
        require_fitting("a picture to validate with", picture.shape, embedding)
    shown = picture_rows(pictures, task)
    return labelled_rows(
        shown, lambda picture: picture[0].size // embedding.patch**2, [example.labels for example in examples], task
    )


def shifted(config: RunConfig, batches: Batches) -> Batches:
    """Moves pictures to train on, if they are to be."""
    assert isinstance(config.task, ImageClassificationConfig)
    return Shifted(batches, config.task.shift, config.train.seed) if config.task.shift else batches


SUBJECT = Subject(Picture, (), None, fit, rows, labels.task, shifted)
