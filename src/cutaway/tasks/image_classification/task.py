"""Images as a model reads them: channels first, each with mean 0 and std 1 over the data."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from cutaway.errors import UserError
from cutaway.tasks.shared import ImagesConfig

Pixels = np.ndarray
"""(height, width, channels)."""


def values_of(images: Sequence[Pixels]) -> Literal["bytes", "numbers"]:
    """Whether they all hold bytes, as files do, or some hold other numbers."""
    return "bytes" if all(image.dtype == np.uint8 for image in images) else "numbers"


def channel_statistics(images: Sequence[Pixels]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and std of each channel over all images; the std of a constant channel is taken to be 1."""
    counts = sum(image.shape[0] * image.shape[1] for image in images)
    mean = sum(image.sum(axis=(0, 1), dtype=np.float64) for image in images) / counts
    square = sum(((image - mean) ** 2).sum(axis=(0, 1)) for image in images) / counts
    std = np.where(square > 0, np.sqrt(square), 1.0)
    return tuple(mean.tolist()), tuple(std.tolist())


def image_rows(images: Sequence[Pixels], task: ImagesConfig) -> list[np.ndarray]:
    """Each image as (channels, height, width).

    Raises:
        UserError: one holds bytes where the model learns from other numbers, or the other way round.
    """
    for image in images:
        if task.values not in (None, values_of([image])):
            raise UserError(_UNLIKE[values_of([image])].format(image.dtype))
    return [((image - np.array(task.mean)) / task.std).transpose(2, 0, 1).astype(np.float32) for image in images]


_UNLIKE = {
    "bytes": "images of bytes, as files hold them, mean nothing to a model of other numbers: give arrays of the same "
    "scale as those that it learnt from, or train it with bytes",
    "numbers": "the model reads bytes from 0 to 255, as image files hold them, and an image is an array of {}: "
    "bring it to that scale with .astype(numpy.uint8)",
}
