"""Datasets of examples: each shows something and says what to make of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from cutaway.config.run import RunConfig
from cutaway.data.batches import BatchLimit, Examples, RandomBatches, SequentialBatches
from cutaway.data.collect import collect_examples
from cutaway.data.example_store import Collected, open_examples, remove_examples
from cutaway.errors import UserError
from cutaway.model.files import RunFolder
from cutaway.pipeline import Pipeline
from cutaway.runs.dataset import Progress, with_vocabulary
from cutaway.tasks.base import Batches, Task, TrainingData
from cutaway.tasks.rows.texts import encode_texts
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer

Texts = Callable[[Any], tuple[Iterable[str], Iterable[str]]]
"""Of an example, what is read and what is written."""


@runtime_checkable
class Row(Protocol):
    """An example as numbers."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many tokens it has on each of its sides."""


@dataclass(frozen=True)
class Subject:
    """What examples of a kind are for.

    Its functions are given the choices of the run or the dataset, then the task, then what they work on.

    Attributes:
        kind: of the examples.
        specials: special tokens that the tokenizer must have.
        texts: what tokenizers learn from: of each example what is read, and what is written; none if there is no text.
        fit: fills in choices that the examples tell: labels, sizes.
        rows: examples as numbers; the dataset counts those that are cut or left out.
        task: what is learnt from the rows.
        vary: what becomes of the batches to train on, each time anew.
    """

    kind: type[Any]
    specials: tuple[str, ...]
    texts: Texts | None
    fit: Callable[..., RunConfig]
    rows: Callable[..., Sequence[Row]]
    task: Callable[..., Task]
    vary: Callable[..., Batches] = lambda config, task, batches: batches


@dataclass(frozen=True)
class ExampleDataset:
    """Examples, and the tokenizers that were made from them."""

    config: RunConfig
    subject: Subject
    examples: Collected[Any]
    tokenizer: Tokenizer | None
    source_tokenizer: Tokenizer | None
    counted: Counter[str] = field(default_factory=Counter)
    """Examples that were cut or left out as rows, and how many of each."""

    @property
    def known_tokenizer(self) -> Tokenizer:
        """The tokenizer of a dataset in text.

        Raises:
            UserError: there is no text.
        """
        if self.tokenizer is None:
            raise UserError(f"the task {self.config.task.kind} has no tokenizer: it needs no text")
        return self.tokenizer

    @cached_property
    def training(self) -> Sequence[Row]:
        """What is trained on.

        Raises:
            UserError: nothing is left of the examples.
        """
        rows = self.subject.rows(self, self.config.task, self.examples.training)
        if not rows:
            raise UserError(f"no example is left to train on{self._left_out}: raise model.context, or give others")
        return rows

    @cached_property
    def validation(self) -> Sequence[Row]:
        """What is validated with."""
        return self.subject.rows(self, self.config.task, self.examples.validation)

    @property
    def amount(self) -> str:
        """How many examples there are, and what was left out."""
        return f"{len(self.training):,} examples, {len(self.validation):,} to validate with{self._left_out}"

    @property
    def _left_out(self) -> str:
        counts = {**self.examples.skipped, **self.counted}
        return "".join(f", {number:,} {reason}" for reason, number in counts.items())

    @property
    def epoch(self) -> int:
        """In about how many batches every example is seen once."""
        return len(in_order(self.training, self._limit))

    def training_data(self) -> TrainingData:
        """Batches of examples of similar lengths."""
        c, subject = self.config, self.subject
        task = subject.task(c, c.task, self.training)
        batches = RandomBatches(lengths(self.training), self._limit, c.train.seed)
        varied = subject.vary(c, c.task, Examples(self.training, batches))
        return TrainingData(task, varied, in_order(self.validation, self._limit) if self.validation else None)

    @property
    def _limit(self) -> BatchLimit:
        c = self.config.train
        return BatchLimit(tokens=c.batch_tokens) if c.batch_tokens else BatchLimit(examples=c.batch_size)


def in_order(rows: Sequence[Row], limit: BatchLimit) -> Examples[Row]:
    """Every row once, those of similar lengths together."""
    return Examples(rows, SequentialBatches(lengths(rows), limit))


def lengths(rows: Sequence[Row]) -> np.ndarray:
    """How long each row is on each of its sides, (N, S)."""
    return np.array([row.lengths for row in rows], np.int64)


@dataclass(frozen=True)
class ExampleBuilder:
    """How files of examples become a dataset."""

    subject: Subject

    def prepare(
        self, config: RunConfig, folder: Path, progress: Progress, origin: Pipeline | None = None
    ) -> ExampleDataset:
        """Writes the examples and their tokenizers into the folder; nothing, if they are of no use."""
        examples = collect_examples(self.subject.kind, config.data, folder, config.train.seed)
        try:
            dataset = self._fit(config, examples, origin)
            dataset.training_data()
        except UserError:
            remove_examples(folder)  # for their files may be mended, and are then to be read again
            raise
        if dataset.tokenizer is not None:
            dataset.tokenizer.save(RunFolder(folder).tokenizer)
        if dataset.source_tokenizer is not None:
            dataset.source_tokenizer.save(RunFolder(folder).source_tokenizer)
        return dataset

    def _fit(self, config: RunConfig, examples: Collected[Any], origin: Pipeline | None) -> ExampleDataset:
        tokenizer = source = None
        unknown: Counter[str] = Counter()
        if self.subject.texts is not None:
            read, written = _sides(self.subject.texts, examples.training)
            if origin is None:
                tokenizer, source = self._learn(config, read, written)
            else:
                tokenizer, source = origin.tokenizer, origin.source_tokenizer
                unknown["unknown tokens"] = _count_unknown(source or tokenizer, read) + _count_unknown(
                    tokenizer, written
                )
        config = with_vocabulary(config, tokenizer, source)
        config = self.subject.fit(config, config.task, examples.training)
        return ExampleDataset(config, self.subject, examples, tokenizer, source, +unknown)

    def _learn(
        self, config: RunConfig, read: Sequence[str], written: Sequence[str]
    ) -> tuple[Tokenizer, Tokenizer | None]:
        """The tokenizer of both sides, or of the target, and that of the source if it has its own."""
        specials = self.subject.specials
        shared = config.source_tokenizer is None
        tokenizer = _learn(config.tokenizer, [*read, *written] if shared else written, specials)
        return tokenizer, None if shared else _learn(config.source_tokenizer, read, specials)

    def open(self, config: RunConfig, folder: Path) -> ExampleDataset:
        """Opens them."""
        paths = RunFolder(folder)
        tokenizer = None if self.subject.texts is None else Tokenizer.load(paths.tokenizer)
        source = None if config.source_tokenizer is None else Tokenizer.load(paths.source_tokenizer)
        examples = open_examples(folder, self.subject.kind)
        return ExampleDataset(config, self.subject, examples, tokenizer, source)


def _sides(texts: Texts, examples: Sequence[Any]) -> tuple[list[str], list[str]]:
    """All that is read, and all that is written."""
    read, written = zip(*map(texts, examples), strict=True)
    return list(chain(*read)), list(chain(*written))


def _learn(config: Any, texts: Sequence[str], specials: tuple[str, ...]) -> Tokenizer:
    return train_tokenizer(config, texts, alphabet=set().union(*texts), specials=specials)


def _count_unknown(tokenizer: Tokenizer, texts: Sequence[str]) -> int:
    return sum(map(tokenizer.count_unknown, encode_texts(tokenizer, texts)))
