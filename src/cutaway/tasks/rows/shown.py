"""What a model is shown: one input as numbers, and many as the arguments of the model."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.data.padding import pad_with_mask
from cutaway.tasks.audio_classification.task import pad_frames
from cutaway.tasks.graph_classification.task import pad_graphs


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes:
        length: how much of a batch one takes: tokens, frames, nodes.
        batch: the arguments of the model, by name; the first, `inputs`, is what its embedding reads.
        form: what inputs must have in common to be put together: the size of images.
    """

    length: Callable[[Any], int]
    batch: Callable[[Sequence[Any]], dict[str, np.ndarray]]
    form: Callable[[Any], Hashable] = lambda shown: None


def _tokens(rows: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
    return pad_with_mask(rows, "inputs", "attention_mask")


def _images(rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return {"inputs": np.stack(rows)}


SHOWN = {
    "sequence_to_sequence": Kind(len, _tokens),
    "sequence_classification": Kind(len, _tokens),
    "image_classification": Kind(lambda image: 1, _images, np.shape),
    "image_captioning": Kind(lambda image: 1, _images, np.shape),
    "audio_classification": Kind(len, pad_frames),
    "graph_classification": Kind(len, pad_graphs),
}
"""By the task that is learnt."""
