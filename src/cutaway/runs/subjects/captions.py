"""Image captioning: write what an image shows."""

from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.data.examples import CaptionedImage
from cutaway.runs.examples import ExampleDataset, Subject
from cutaway.runs.subjects.images import with_images
from cutaway.tasks.image_captioning.config import ImageCaptioningConfig
from cutaway.tasks.image_captioning.task import CaptionRow, caption_rows
from cutaway.tasks.rows.shown import SHOWN
from cutaway.tasks.sequence_to_sequence.task import SequenceToSequence
from cutaway.text.special import WRITING


def texts(example: CaptionedImage) -> tuple[Iterable[str], Iterable[str]]:
    """Nothing is read, and the caption is written."""
    return (), (example.caption,)


def rows(dataset: ExampleDataset, task: ImageCaptioningConfig, examples: Sequence[CaptionedImage]) -> list[CaptionRow]:
    """Images as the model reads them, captions as tokens."""
    return caption_rows(dataset.known_tokenizer, examples, task, dataset.config.model, dataset.counted)


def task(config: RunConfig, chosen: ImageCaptioningConfig, rows: Sequence[Any]) -> SequenceToSequence:
    """Cross-entropy, smoothed."""
    return SequenceToSequence(chosen.label_smoothing, SHOWN[chosen.kind])


SUBJECT = Subject(CaptionedImage, WRITING, texts, with_images, rows, task)
