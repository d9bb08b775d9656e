"""Image classification: one label, several, or a number per image."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.config.data import DataConfig
from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.data.examples import LabelledImage
from cutaway.data.images.labelled_images import read_images
from cutaway.data.images.pixels import require_fitting
from cutaway.data.input_formats import IMAGES
from cutaway.errors import UserError
from cutaway.tasks.base import Batches
from cutaway.tasks.classification import ClassificationTask
from cutaway.tasks.image_classification.augmentation import Shifted
from cutaway.tasks.image_classification.config import ImageClassificationConfig
from cutaway.tasks.images import blank_image, count_patches, encode_images, with_images
from cutaway.tasks.labels import LabelledRow
from cutaway.tasks.task import Tokenizers


class ImageClassificationTask(ClassificationTask[ImageClassificationConfig, LabelledImage]):
    """Classifies images."""

    example = LabelledImage
    inputs = IMAGES

    def read(self, path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[LabelledImage]:
        """Reads a folder per label, a table that names files, or an archive of arrays."""
        return read_images(path, data, skipped, are_numbers=self.are_numbers)

    def fit(self, examples: Sequence[LabelledImage]) -> RunConfig:
        """Takes labels, image size and channel statistics from the examples, unless they are chosen.

        Raises:
            UserError: images cannot be divided into patches, or are shifted by more pixels than they have.
        """
        height, width, _ = examples[0].pixels.shape
        if self.task_config.shift >= min(height, width):
            raise UserError(
                f"task.shift {self.task_config.shift} moves images of {height} × {width} pixels out of sight"
            )
        return with_images(super().fit(examples), self.task_config, [example.pixels.values() for example in examples])

    def rows(
        self, tokenizers: Tokenizers, examples: Sequence[LabelledImage], counted: Counter[str]
    ) -> list[LabelledRow]:
        """Images as the model reads them, with the numbers of their labels."""
        for example in examples[:1]:  # the others have the same size
            embedding = self.config.model.input_embedding(PatchEmbeddingConfig)
            require_fitting("an image to validate with", example.pixels.shape, embedding)
        return super().rows(tokenizers, examples, counted)

    def augment(self, batches: Batches) -> Batches:
        """Images shifted at random, if `task.shift` is chosen."""
        shift = self.task_config.shift
        return Shifted(batches, shift, self.config.train.seed) if shift else batches

    def input_of(self, example: LabelledImage) -> np.ndarray:
        """The pixels."""
        return example.pixels.values()

    def labels_of(self, example: LabelledImage) -> tuple[str, ...]:
        """Its labels."""
        return example.labels

    def encode(self, tokenizers: Tokenizers, given: Sequence[Any], truncated: Counter[str] | None) -> list[np.ndarray]:
        """Images, as paths or as arrays (height, width, channels)."""
        return encode_images(self.config, self.task_config, given)

    def length(self, shown: np.ndarray) -> int:
        """The number of patches."""
        return count_patches(self.config, shown)

    def placeholder_input(self) -> np.ndarray:
        """A blank image."""
        return blank_image(self.config)
