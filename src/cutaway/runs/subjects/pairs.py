"""Sequence to sequence: write a target from a source."""

from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.data.examples import Pair
from cutaway.runs.examples import ExampleDataset, Subject
from cutaway.tasks.sequence_to_sequence.config import SequenceToSequenceConfig
from cutaway.tasks.sequence_to_sequence.task import PairRow, PairTokenizers, SequenceToSequence
from cutaway.text.special import WRITING


def texts(pair: Pair) -> tuple[Iterable[str], Iterable[str]]:
    """Source and target."""
    return (pair.source,), (pair.target,)


def rows(dataset: ExampleDataset, task: SequenceToSequenceConfig, pairs: Sequence[Pair]) -> list[PairRow]:
    """Both sides as tokens."""
    target = dataset.known_tokenizer
    tokenizers = PairTokenizers(dataset.source_tokenizer or target, target)
    return tokenizers.rows(pairs, dataset.config.model.context, dataset.counted, truncate=task.truncate)


def task(config: RunConfig, chosen: SequenceToSequenceConfig, rows: Sequence[Any]) -> SequenceToSequence:
    """Cross-entropy, smoothed."""
    return SequenceToSequence(chosen.label_smoothing)


SUBJECT = Subject(Pair, WRITING, texts, lambda config, task, examples: config, rows, task)
