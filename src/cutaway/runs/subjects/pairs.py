"""Sequence to sequence: write a target from a source."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.data.examples import Pair
from cutaway.data.rows.pairs import PairRow, PairTokenizers
from cutaway.runs.examples import ExampleCourse, Subject
from cutaway.text.special import WRITING
from cutaway.train.tasks.sequence_to_sequence import SequenceToSequence


def texts(pair: Pair) -> tuple[Iterable[str], Iterable[str]]:
    """Source and target."""
    return (pair.source,), (pair.target,)


def rows(course: ExampleCourse, pairs: Sequence[Pair], counted: Counter[str]) -> list[PairRow]:
    """Both sides as tokens."""
    target = course.known_tokenizer
    tokenizers = PairTokenizers(course.source_tokenizer or target, target)
    chosen = course.config.task
    assert chosen.kind == "sequence_to_sequence"
    return tokenizers.rows(pairs, course.config.model.context, counted, truncate=chosen.truncate)


def task(config: RunConfig, rows: Sequence[Any]) -> SequenceToSequence:
    """Cross-entropy, smoothed."""
    assert config.task.kind == "sequence_to_sequence"
    return SequenceToSequence(config.task.label_smoothing)


SUBJECT = Subject(Pair, WRITING, texts, lambda config, examples: config, rows, task)
