"""Images -> the same images, moved a little: where a thing stands says nothing of what it is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from cutaway.tasks.labels import LabelledRow


@runtime_checkable
class LabelledImages(Protocol):
    """Batches of images by number."""

    def __getitem__(self, index: int) -> Sequence[LabelledRow]:
        """Returns what is shown, (channels, height, width), with what is to be said of it."""


class Shifted:
    """Batches of moved images, by number: batch i depends on the seed and on i alone.

    Args:
        images: with mean 0, so that zeros fill the border with the mean.
        most: pixels that one is moved up or down, and to a side.
        seed: of all moves.
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
    """The image moved by so many pixels, against the direction if they are negative; zeros move in."""
    margin = max(abs(down), abs(right))
    _, height, width = image.shape
    wide = np.pad(image, ((0, 0), (margin, margin), (margin, margin)))
    top, left = margin - down, margin - right
    return wide[:, top : top + height, left : left + width]
