"""Inputs of one modality as arguments of a model."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.data.padding import pad_with_mask


@dataclass(frozen=True)
class InputFormat:
    """How inputs of a modality are batched.

    Attributes:
        length: the size of an input in tokens, frames or nodes.
        batch: the arguments of the model by name; `inputs` is what its embedding reads.
        shape: what inputs of one batch must have in common, such as the size of images.
    """

    length: Callable[[Any], int]
    batch: Callable[[Sequence[Any]], dict[str, np.ndarray]]
    shape: Callable[[Any], Hashable] = lambda _: None


def _pad_tokens(rows: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
    return pad_with_mask(rows, "inputs", "attention_mask")


def _stack_images(images: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return {"inputs": np.stack(images)}


TOKENS = InputFormat(len, _pad_tokens)
"""Rows of token ids."""
IMAGES = InputFormat(lambda _: 1, _stack_images, np.shape)
"""Arrays (channels, height, width)."""
