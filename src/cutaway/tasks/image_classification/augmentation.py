"""Random shifts of training images."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from cutaway.tasks.labels import LabelledRow


@runtime_checkable
class LabelledImages(Protocol):
    """Batches of images, by number."""

    def __getitem__(self, index: int) -> Sequence[LabelledRow]:
        """Returns images (channels, height, width) with their labels."""


class Shifted:
    """Batches of shifted images, by number: batch i depends on the seed and on i only.

    Args:
        images: with mean 0, so that the border is filled with the mean.
        most: the largest shift in pixels, in each direction.
        seed: of the shifts.
    """

    def __init__(self, images: LabelledImages, most: int, seed: int) -> None:
        self._images = images
        self._most = most
        self._seed = seed

    def __getitem__(self, index: int) -> list[LabelledRow]:
        rows = self._images[index]
        moves = np.random.default_rng((self._seed, index)).integers(-self._most, self._most + 1, size=(len(rows), 2))
        return [replace(row, shown=move(row.shown, *by)) for row, by in zip(rows, moves.tolist(), strict=True)]


def move(
    image: Float32[np.ndarray, "channels height width"], down: int, right: int
) -> Float32[np.ndarray, "channels height width"]:
    """The image shifted by this many pixels; the border is filled with zeros."""
    margin = max(abs(down), abs(right))
    _, height, width = image.shape
    wide = np.pad(image, ((0, 0), (margin, margin), (margin, margin)))
    top, left = margin - down, margin - right
    return wide[:, top : top + height, left : left + width]
