"""Images as a model reads them: channels first, normalised to mean 0 and standard deviation 1 over the data."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.data.images.pixels import image_of, require_fitting
from cutaway.errors import UserError
from cutaway.tasks.dataset import with_model, with_task
from cutaway.tasks.shared import ImagesConfig

Pixels = np.ndarray
"""(height, width, channels)."""


def values_of(images: Sequence[Pixels]) -> Literal["bytes", "numbers"]:
    """Whether all hold bytes, as image files do, or some hold other numbers."""
    return "bytes" if all(image.dtype == np.uint8 for image in images) else "numbers"


def channel_statistics(images: Sequence[Pixels]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel over all images; that of a constant channel is taken to be 1."""
    counts = sum(image.shape[0] * image.shape[1] for image in images)
    mean = sum(image.sum(axis=(0, 1), dtype=np.float64) for image in images) / counts
    square = sum(((image - mean) ** 2).sum(axis=(0, 1)) for image in images) / counts
    std = np.where(square > 0, np.sqrt(square), 1.0)
    return tuple(mean.tolist()), tuple(std.tolist())


def image_rows(images: Sequence[Pixels], task: ImagesConfig) -> list[np.ndarray]:
    """Each image as (channels, height, width).

    Raises:
        UserError: one holds bytes where the model reads other numbers, or the reverse.
    """
    for image in images:
        if task.values not in (None, values_of([image])):
            raise UserError(_UNLIKE[values_of([image])].format(image.dtype))
    return [_normalised(image, task) for image in images]


def _normalised(image: Pixels, task: ImagesConfig) -> np.ndarray:
    """One channel after the other, because each is float64 for a while."""
    shown = np.empty((image.shape[2], *image.shape[:2]), np.float32)
    for channel, mean, std in zip(range(len(shown)), task.mean or (), task.std or (), strict=True):
        shown[channel] = (image[:, :, channel] - mean) / std
    return shown


_UNLIKE = {
    "bytes": "the image has bytes, as in image files, but the model reads other numbers: give arrays of the same scale "
    "as its training data, or train it with bytes",
    "numbers": "the model reads bytes from 0 to 255, as in image files, but an image is an array of {}: "
    "convert it to that scale with .astype(numpy.uint8)",
}


def with_images(config: RunConfig, task: ImagesConfig, images: Sequence[Pixels]) -> RunConfig:
    """Takes the size of the images and the statistics of their channels from the data, unless they are chosen.

    Raises:
        UserError: the images cannot be divided into patches.
    """
    embedding = config.model.input_embedding(PatchEmbeddingConfig)
    require_fitting("an image to train on", images[0].shape, embedding)
    mean, std = channel_statistics(images)
    config = with_task(config, values=task.values or values_of(images), mean=task.mean or mean, std=task.std or std)
    height, width, channels = images[0].shape
    size = {"height": embedding.height or height, "width": embedding.width or width, "channels": channels}
    key = "embedding" if config.model.source_embedding is None else "source_embedding"
    return with_model(config, **{key: embedding.model_copy(update=size)})


def encode_images(config: RunConfig, task: ImagesConfig, images: Sequence[object]) -> list[np.ndarray]:
    """Images given as paths or as arrays (height, width, channels), as the model reads them.

    Raises:
        UserError: one cannot be read, or the model does not take it.
    """
    embedding = config.model.input_embedding(PatchEmbeddingConfig)
    return image_rows([image_of(image, embedding) for image in images], task)


def count_patches(config: RunConfig, image: np.ndarray) -> int:
    """The number of patches of an image (channels, height, width)."""
    return image[0].size // config.model.input_embedding(PatchEmbeddingConfig).patch ** 2


def blank_image(config: RunConfig) -> np.ndarray:
    """Zeros, as large as the images of the run."""
    return np.zeros(config.model.input_embedding(PatchEmbeddingConfig).shape, np.float32)
