"""Image captioning: write what a picture shows."""

from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.data.examples import Captioned
from cutaway.runs.examples import ExampleDataset, Subject
from cutaway.runs.subjects.pictures import with_pictures
from cutaway.tasks.image_captioning.config import ImageCaptioningConfig
from cutaway.tasks.image_captioning.task import CaptionRow, caption_rows
from cutaway.tasks.rows.shown import SHOWN
from cutaway.tasks.sequence_to_sequence.task import SequenceToSequence
from cutaway.text.special import WRITING


def texts(example: Captioned) -> tuple[Iterable[str], Iterable[str]]:
    """Nothing is read, and the caption is written."""
    return (), (example.caption,)


def rows(dataset: ExampleDataset, task: ImageCaptioningConfig, examples: Sequence[Captioned]) -> list[CaptionRow]:
    """Pictures as the model reads them, captions as tokens."""
    return caption_rows(dataset.known_tokenizer, examples, task, dataset.config.model, dataset.counted)


def task(config: RunConfig, chosen: ImageCaptioningConfig, rows: Sequence[Any]) -> SequenceToSequence:
    """Cross-entropy, smoothed."""
    return SequenceToSequence(chosen.label_smoothing, SHOWN[chosen.kind])


SUBJECT = Subject(Captioned, WRITING, texts, with_pictures, rows, task)
