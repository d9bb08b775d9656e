"""Image captioning: a text per image (Vinyals et al. 2015), written by an encoder-decoder that reads patches."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.config.data import DataConfig
from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.model import ModelConfig
from cutaway.config.run import RunConfig
from cutaway.data.examples import CaptionedImage
from cutaway.data.images.captioned_images import read_captions
from cutaway.data.images.pixels import require_fitting
from cutaway.data.input_formats import IMAGES
from cutaway.generation.seq2seq import Sources
from cutaway.metrics.captions import caption_report
from cutaway.metrics.report import Report
from cutaway.tasks.image_captioning.config import ImageCaptioningConfig
from cutaway.tasks.images import blank_image, encode_images, image_rows, with_images
from cutaway.tasks.sequence_to_sequence.task import Seq2SeqTask, SequenceToSequence
from cutaway.tasks.shared import ImagesConfig
from cutaway.tasks.task import EvaluationOptions, LoadedModel, Tokenizers
from cutaway.tasks.texts import encode_targets
from cutaway.text.special import WRITING
from cutaway.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class CaptionRow:
    """An image, (channels, height, width), and a caption with its start and end tokens.

    `patches` is the number of patches that the image is divided into.
    """

    source: np.ndarray
    target: list[int]
    patches: int

    @property
    def lengths(self) -> tuple[int, int]:
        """Patches, and tokens of the caption."""
        return self.patches, len(self.target)


def caption_rows(
    tokenizer: Tokenizer,
    examples: Sequence[CaptionedImage],
    task: ImagesConfig,
    model: ModelConfig,
    counted: Counter[str],
) -> list[CaptionRow]:
    """Captioned images; those whose caption is longer than the model's context are left out and counted.

    Raises:
        UserError: the tokenizer has no start or end token, or an image cannot be divided into patches.
    """
    embedding, limit = model.input_embedding(PatchEmbeddingConfig), model.context
    for example in examples[:1]:  # the others have the same size
        require_fitting("an image with a caption", example.pixels.shape, embedding)
    captions = encode_targets(tokenizer, [example.caption for example in examples])
    images = image_rows([example.pixels.values() for example in examples], task)
    rows = [
        CaptionRow(image, caption, image[0].size // embedding.patch**2)
        for image, caption in zip(images, captions, strict=True)
    ]
    fitting = [row for row in rows if len(row.target) <= limit]
    if len(fitting) < len(rows):
        counted[f"longer than {limit} tokens"] += len(rows) - len(fitting)
    return fitting


@dataclass(frozen=True)
class ImageSources:
    """Images for an encoder-decoder to caption, as paths or as arrays (height, width, channels).

    Attributes:
        config: of the run.
        task: of the run.
        counted: none is truncated.
    """

    config: RunConfig
    task: ImagesConfig
    counted: Counter[str] = field(default_factory=Counter)
    inputs = IMAGES

    def read(self, given: Sequence[Any]) -> list[np.ndarray]:
        """Images as (channels, height, width)."""
        return encode_images(self.config, self.task, given)

    def limit(self, source: np.ndarray) -> int:
        """The model's context."""
        return self.config.model.context


class ImageCaptioningTask(Seq2SeqTask[ImageCaptioningConfig, CaptionedImage]):
    """Writes captions."""

    example = CaptionedImage
    special_tokens = WRITING

    def read(self, path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[CaptionedImage]:
        """Reads a table that names files, or an archive of arrays."""
        return read_captions(path, data, skipped)

    def texts(self, example: CaptionedImage) -> tuple[Iterable[str], Iterable[str]]:
        """The caption is written."""
        return (), (example.caption,)

    def fit(self, examples: Sequence[CaptionedImage]) -> RunConfig:
        """Takes image size and channel statistics from the examples, unless they are chosen."""
        return with_images(self.config, self.task_config, [example.pixels.values() for example in examples])

    def rows(
        self, tokenizers: Tokenizers, examples: Sequence[CaptionedImage], counted: Counter[str]
    ) -> list[CaptionRow]:
        """Images as the model reads them, captions as tokens."""
        return caption_rows(tokenizers.text, examples, self.task_config, self.config.model, counted)

    def objective(self, rows: Sequence[Any]) -> SequenceToSequence:
        """Cross-entropy with label smoothing."""
        return SequenceToSequence(self.task_config.label_smoothing, IMAGES)

    def placeholder_row(self) -> CaptionRow:
        """A blank image, with a caption of the longest length."""
        return CaptionRow(blank_image(self.config), [0] * self.config.model.context, patches=1)

    def sources(self, tokenizers: Tokenizers, *, truncate: bool = False) -> Sources:
        """Images."""
        return ImageSources(self.config, self.task_config)

    def measure(self, loaded: LoadedModel, examples: Sequence[CaptionedImage], options: EvaluationOptions) -> Report:
        """Exact match, BLEU and ROUGE-L of what beam search writes."""
        given = [example.pixels.values() for example in examples]
        captions = self.search(self.generator(loaded), given, options)
        report = caption_report(captions, [example.caption for example in examples], tokenize=options.tokenize)
        return Report({**report.figures, "examples": len(examples)}, report.signatures)
