"""Image captioning: write what a picture shows."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.data.examples import Captioned
from cutaway.data.rows.captions import CaptionRow, caption_rows
from cutaway.data.rows.shown import SHOWN
from cutaway.runs.examples import ExampleCourse, Subject
from cutaway.runs.subjects.pictures import with_pictures
from cutaway.text.special import WRITING
from cutaway.train.tasks.sequence_to_sequence import SequenceToSequence


def texts(example: Captioned) -> tuple[Iterable[str], Iterable[str]]:
    """Nothing is read, and the caption is written."""
    return (), (example.caption,)


def fit(config: RunConfig, examples: Sequence[Captioned]) -> RunConfig:
    """Takes the size of pictures and what their values are like from the examples, unless they are given."""
    return with_pictures(config, "source_embedding", [example.pixels.values() for example in examples])


def rows(course: ExampleCourse, examples: Sequence[Captioned], counted: Counter[str]) -> list[CaptionRow]:
    """Pictures as the model reads them, captions as tokens."""
    return caption_rows(course.known_tokenizer, examples, course.config, counted)


def task(config: RunConfig, rows: Sequence[Any]) -> SequenceToSequence:
    """Cross-entropy, smoothed."""
    assert config.task.kind == "image_captioning"
    return SequenceToSequence(config.task.label_smoothing, SHOWN[config.task.kind])


SUBJECT = Subject(Captioned, WRITING, texts, fit, rows, task)
