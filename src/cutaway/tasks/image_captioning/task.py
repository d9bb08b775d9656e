"""An image as the model reads it, and its caption as tokens."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.model import ModelConfig
from cutaway.data.examples import CaptionedImage
from cutaway.data.images.pixels import require_fitting
from cutaway.tasks.image_classification.task import image_rows
from cutaway.tasks.rows.targets import targets
from cutaway.tasks.shared import ImagesConfig
from cutaway.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class CaptionRow:
    """An image, (channels, height, width), a caption that begins with the begin token and ends with the end token.

    And in how many patches the model reads the image.
    """

    source: np.ndarray
    target: list[int]
    patches: int

    @property
    def lengths(self) -> tuple[int, int]:
        """How long both sides are."""
        return self.patches, len(self.target)


def caption_rows(
    tokenizer: Tokenizer,
    examples: Sequence[CaptionedImage],
    task: ImagesConfig,
    model: ModelConfig,
    counted: Counter[str],
) -> list[CaptionRow]:
    """Captioned images, but for those whose caption is longer than the model takes: they are left out, and counted.

    Raises:
        UserError: the tokenizer lacks the tokens that begin and end a text, or an image cannot be cut into patches.
    """
    embedding, limit = model.input_embedding(PatchEmbeddingConfig), model.context
    for example in examples[:1]:  # the others are like it
        require_fitting("an image with a caption", example.pixels.shape, embedding)
    written = targets(tokenizer, [example.caption for example in examples])
    shown = image_rows([example.pixels.values() for example in examples], task)
    rows = [
        CaptionRow(image, target, image[0].size // embedding.patch**2)
        for image, target in zip(shown, written, strict=True)
    ]
    fitting = [row for row in rows if len(row.target) <= limit]
    if len(fitting) < len(rows):
        counted[f"longer than {limit} tokens"] += len(rows) - len(fitting)
    return fitting
