"""Pictures as a model reads them: channels first, each with mean 0 and deviation 1 over the data."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from cutaway.errors import UserError
from cutaway.tasks.shared import ImagesConfig

Pixels = np.ndarray
"""(height, width, channels)."""


def values_of(pictures: Sequence[Pixels]) -> Literal["bytes", "numbers"]:
    """Whether they all hold bytes, as files do, or some hold other numbers."""
    return "bytes" if all(picture.dtype == np.uint8 for picture in pictures) else "numbers"


def channel_statistics(pictures: Sequence[Pixels]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each channel over all pictures; the deviation of a constant channel is taken to be 1."""
    counts = sum(picture.shape[0] * picture.shape[1] for picture in pictures)
    mean = sum(picture.sum(axis=(0, 1), dtype=np.float64) for picture in pictures) / counts
    square = sum(((picture - mean) ** 2).sum(axis=(0, 1)) for picture in pictures) / counts
    deviation = np.where(square > 0, np.sqrt(square), 1.0)
    return tuple(mean.tolist()), tuple(deviation.tolist())


def picture_rows(pictures: Sequence[Pixels], task: ImagesConfig) -> list[np.ndarray]:
    """Each picture as (channels, height, width).

    Raises:
        UserError: one holds bytes where the model learns from other numbers, or the other way round.
    """
    for picture in pictures:
        if task.values not in (None, values_of([picture])):
            raise UserError(_UNLIKE[values_of([picture])].format(picture.dtype))
    return [
        ((picture - np.array(task.mean)) / task.deviation).transpose(2, 0, 1).astype(np.float32) for picture in pictures
    ]


_UNLIKE = {
    "bytes": "pictures of bytes, as files hold them, mean nothing to a model of other numbers: give arrays of the same "
    "scale as those that it learnt from, or train it with bytes",
    "numbers": "the model reads bytes from 0 to 255, as picture files hold them, and a picture is an array of {}: "
    "bring it to that scale with .astype(numpy.uint8)",
}
