"""Tasks on files of examples: each example has an input and what the model should make of it."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, runtime_checkable

import numpy as np

from cutaway.config.data import DataConfig
from cutaway.config.run import RunConfig
from cutaway.data.batches import BatchLimit, Examples, RandomBatches, SequentialBatches
from cutaway.data.collect import collect_examples, read_examples
from cutaway.data.example_store import Collected, open_examples, remove_examples
from cutaway.data.examples import AnyExample
from cutaway.errors import UserError, counted, counted_reasons, quoted
from cutaway.metrics.report import Report
from cutaway.model.device import choose_precision, device_of
from cutaway.model.run_folder import RunFolder
from cutaway.tasks.base import Batches, Objective, Repeated, TrainingData, evaluate
from cutaway.tasks.dataset import with_labels, with_vocabulary
from cutaway.tasks.task import (
    Config,
    EvaluationOptions,
    LoadedModel,
    Progress,
    Task,
    Tokenizers,
    nothing_held_out,
)
from cutaway.tasks.texts import encode_texts
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import train_tokenizer

MOST_PLAUSIBLE = 20
"""Labels that are not questioned, however few examples each of them has."""


@runtime_checkable
class Row(Protocol):
    """An example as numbers."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Its number of tokens, for each of its sequences."""


class ExampleTask(Task[Config], Generic[Config, AnyExample]):
    """A task on files of examples.

    Attributes:
        example: the class of an example, a frozen dataclass with a property `given`: its input, by which examples are
            kept together when some are held out.
        special_tokens: roles of special tokens that a tokenizer trained for the task must have.
        advice_on_labels: what to do if something else is in the place of labels.
    """

    example: ClassVar[type[Any]]
    special_tokens: ClassVar[tuple[str, ...]] = ()
    advice_on_labels: ClassVar[str] = "choose them with data.field and data.target"

    @abstractmethod
    def read(self, path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[AnyExample]:
        """Reads the examples of a file or folder; counts those that are skipped, by reason."""

    def texts(self, example: AnyExample) -> tuple[Iterable[str], Iterable[str]]:
        """The texts that the model reads, and those that it writes, to train tokenizers on.

        By default, the input is read if it is a text.
        """
        return ((example.given,) if isinstance(example.given, str) else ()), ()

    def label_sets(self, example: AnyExample) -> Iterable[tuple[str, ...]]:
        """What is chosen from the list of labels: a set of them per decision."""
        return ()

    def classes(self, example: AnyExample) -> Iterable[str]:
        """The labels that a model learns from this example."""
        return chain(*self.label_sets(example))

    def labelled(self, example: AnyExample) -> Iterable[Hashable]:
        """What has labels: the input, or its parts."""
        return (example.given,)

    def fit(self, examples: Sequence[AnyExample]) -> RunConfig:
        """The run's choices with those that the examples determine, such as labels and image sizes.

        By default, the number of labels, which is the expected one, if the head has any.
        """
        has_labels = self.config.model.head.kind in ("sequence", "token")
        return with_labels(self.config, self.expected_labels()) if has_labels else self.config

    @abstractmethod
    def rows(self, tokenizers: Tokenizers, examples: Sequence[AnyExample], counted: Counter[str]) -> Sequence[Row]:
        """Examples as numbers; counts those that are truncated or left out, by reason."""

    @abstractmethod
    def objective(self, rows: Sequence[Any]) -> Objective:
        """What is trained; `rows` are those of the training split."""

    def augment(self, batches: Batches) -> Batches:
        """The batches of the training split, varied at random where the task has augmentation."""
        return batches

    @abstractmethod
    def placeholder_row(self) -> Row:
        """A row as long as the model's context."""

    def measure(self, loaded: LoadedModel, examples: Sequence[AnyExample], options: EvaluationOptions) -> Report:
        """Measures a model on examples; by default, with the figures of the objective."""
        rows = self.rows(loaded.tokenizers, examples, Counter())
        precision = choose_precision(self.config.train.precision, device_of(loaded.model))
        batches = in_order(rows, BatchLimit(examples=self.config.train.batch_size))
        return Report(evaluate(loaded.model, self.objective(rows), batches, precision))

    def prepare(
        self, folder: Path, progress: Progress, origin: Tokenizers | None = None
    ) -> "ExampleDataset[Config, AnyExample]":
        """Writes the examples and their tokenizers into the folder, or nothing if they are unusable."""
        config = self.config
        examples = collect_examples(
            *(self.example, self.read, config.data, folder, config.train.seed),
            classes=self.classes,
            check=self._require_plausible_labels,
        )
        try:
            dataset = self._fit(examples, origin)
            dataset.training_data()
        except UserError:
            remove_examples(folder)  # so that they are read again after their files are corrected
            raise
        paths, tokenizers = RunFolder(folder), dataset.tokenizers
        if tokenizers.tokenizer is not None:
            tokenizers.tokenizer.save(paths.tokenizer)
        if tokenizers.source_tokenizer is not None:
            tokenizers.source_tokenizer.save(paths.source_tokenizer)
        return dataset

    def open(self, folder: Path) -> "ExampleDataset[Config, AnyExample]":
        """Opens the examples and their tokenizers."""
        paths, config = RunFolder(folder), self.config
        tokenizers = Tokenizers(
            Tokenizer.load(paths.tokenizer) if config.task.spec.has_text else None,
            Tokenizer.load(paths.source_tokenizer) if config.source_tokenizer is not None else None,
        )
        return ExampleDataset(self, open_examples(folder, self.example), tokenizers)

    def placeholder_data(self, examples: int) -> TrainingData:
        """The same row in every place of every batch."""
        row = self.placeholder_row()
        return TrainingData(self.objective([row]), Repeated(row, examples), None)

    def evaluate_held_out(self, loaded: LoadedModel, folder: Path, options: EvaluationOptions) -> Report:
        """Measures the model on the held-out examples."""
        if examples := open_examples(folder, self.example).validation:
            return self.measure(loaded, examples, options)
        raise nothing_held_out(folder)

    def evaluate_data(self, loaded: LoadedModel, data: DataConfig, scratch: Path, options: EvaluationOptions) -> Report:
        """Measures the model on all examples of a file or folder."""
        skipped: Counter[str] = Counter()
        report = self.measure(loaded, read_examples(self.read, data.path, data, skipped), options)
        left_out = {f"skipped ({reason})": count for reason, count in skipped.items()}
        return Report({**report.figures, **left_out}, report.signatures, report.parts)

    def _fit(self, examples: Collected[Any], origin: Tokenizers | None) -> "ExampleDataset[Config, AnyExample]":
        tokenizers = Tokenizers()
        unknown: Counter[str] = Counter()
        if self.config.task.spec.has_text:
            read, written = self._all_texts(examples.training)
            if origin is None:
                tokenizers = self._train_tokenizers(read, written)
            else:
                tokenizers = origin
                unknown["unknown tokens"] = count_unknown(origin.source, read) + count_unknown(origin.text, written)
        with_sizes = type(self)(with_vocabulary(self.config, tokenizers))
        return ExampleDataset(type(self)(with_sizes.fit(examples.training)), examples, tokenizers, +unknown)

    def _all_texts(self, examples: Sequence[AnyExample]) -> tuple[list[str], list[str]]:
        read, written = zip(*map(self.texts, examples), strict=True)
        return list(chain(*read)), list(chain(*written))

    def _train_tokenizers(self, read: Sequence[str], written: Sequence[str]) -> Tokenizers:
        """One tokenizer for all texts, or one per side if the source has its own."""
        if self.config.source_tokenizer is None:
            return Tokenizers(self._train_tokenizer(self.config.tokenizer, [*read, *written]))
        return Tokenizers(
            self._train_tokenizer(self.config.tokenizer, written),
            self._train_tokenizer(self.config.source_tokenizer, read),
        )

    def _train_tokenizer(self, config: Any, texts: Sequence[str]) -> Tokenizer:
        return train_tokenizer(config, texts, alphabet=set().union(*texts), specials=self.special_tokens)

    def _require_plausible_labels(self, examples: Sequence[AnyExample]) -> None:
        """Requires several labels, and fewer than inputs, unless they are chosen.

        Raises:
            UserError: there is one label only; or there are so many that something else may be in their place.
        """
        path, sets = self.config.data.path, [labels for one in examples for labels in self.label_sets(one)]
        if len(set(sets)) == 1:
            label = ", ".join(sets[0]) or "none"
            raise UserError(f"{path} has one label only, {quoted(label)}: there is nothing to choose between")
        classes = {label for one in examples for label in self.classes(one)}
        if getattr(self.task_config, "labels", None) or any(len(labels) != 1 for labels in sets):
            return
        inputs = _count_different(chain(*map(self.labelled, examples)), len(classes))
        if len(classes) > max(2, inputs) or len(classes) > max(MOST_PLAUSIBLE, len(sets) / 2):
            differing = f" of which {inputs:,} differ" if inputs < len(classes) else ""
            first = " and ".join(quoted(label) for label in sorted(classes)[:2])
            raise UserError(
                f"{path} has {len(classes):,} labels, such as {first}, for {len(sets):,} inputs{differing}: are the "
                f"columns swapped? {self.advice_on_labels}; if these are the labels, list them in task.labels"
            )


@dataclass(frozen=True)
class ExampleDataset(Generic[Config, AnyExample]):
    """Examples in two splits, and the tokenizers that were made for them.

    Attributes:
        task: their task, with the choices that the examples determine.
        examples: both splits.
        tokenizers: those of the run.
        counted: examples that were truncated or left out as rows, by reason.
    """

    task: ExampleTask[Config, AnyExample]
    examples: Collected[Any]
    tokenizers: Tokenizers
    counted: Counter[str] = field(default_factory=Counter)

    @property
    def config(self) -> RunConfig:
        """All choices of the run."""
        return self.task.config

    @cached_property
    def training(self) -> Sequence[Row]:
        """The training split.

        Raises:
            UserError: no example is left.
        """
        rows = self.task.rows(self.tokenizers, self.examples.training, self.counted)
        if not rows:
            raise UserError(f"no example is left to train on{self._left_out}: raise model.context, or give others")
        return rows

    @cached_property
    def validation(self) -> Sequence[Row]:
        """The validation split."""
        return self.task.rows(self.tokenizers, self.examples.validation, self.counted)

    @property
    def amount(self) -> str:
        """The number of examples, and what was left out."""
        counts = f"{counted(len(self.training), 'example')}, {len(self.validation):,} to validate with"
        return f"{counts}{self._only_class}{self._left_out}"

    @property
    def _only_class(self) -> str:
        """The class of all examples to validate with, if there is one only, which says little."""
        held_out = {label for one in self.examples.validation for label in self.task.classes(one)}
        return f" (all labelled {quoted(held_out.pop())})" if len(held_out) == 1 else ""

    @property
    def _left_out(self) -> str:
        counts = {**self.examples.skipped, **self.counted}
        return f", {counted_reasons(counts)}" if any(counts.values()) else ""

    @property
    def epoch(self) -> int:
        """The approximate number of batches in an epoch."""
        return len(in_order(self.training, self._limit))

    def training_data(self) -> TrainingData:
        """Batches of examples of similar lengths."""
        batches = RandomBatches(lengths(self.training), self._limit, self.config.train.seed)
        training = self.task.augment(Examples(self.training, batches))
        validation = in_order(self.validation, self._limit) if self.validation else None
        return TrainingData(self.task.objective(self.training), training, validation, batches)

    @property
    def _limit(self) -> BatchLimit:
        c = self.config.train
        return BatchLimit(tokens=c.batch_tokens) if c.batch_tokens else BatchLimit(examples=c.batch_size)


def in_order(rows: Sequence[Row], limit: BatchLimit) -> Examples[Row]:
    """Batches that contain every row once, grouped by length."""
    return Examples(rows, SequentialBatches(lengths(rows), limit))


def lengths(rows: Sequence[Row]) -> np.ndarray:
    """The lengths of each row's sequences, (N, S)."""
    return np.array([row.lengths for row in rows], np.int64)


def without_longer(rows: Sequence[Any], limit: int, counted: Counter[str]) -> list[Any]:
    """The rows none of whose sequences has more than `limit` tokens; counts the others."""
    fitting = [row for row in rows if max(row.lengths) <= limit]
    if len(fitting) < len(rows):
        counted[f"longer than {limit} tokens"] += len(rows) - len(fitting)
    return fitting


def _count_different(values: Iterable[Hashable], most: int) -> int:
    """The number of different values, or `most` if there are so many: the rest is not looked at."""
    seen: set[Hashable] = set()
    for value in values:
        seen.add(value)
        if len(seen) >= most:
            break
    return len(seen)


def count_unknown(tokenizer: Tokenizer, texts: Sequence[str]) -> int:
    """The number of unknown tokens in texts."""
    return sum(map(tokenizer.count_unknown, encode_texts(tokenizer, texts)))
