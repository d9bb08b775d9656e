"""Tasks on continuous text, which is read in windows."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic

import numpy as np

from cutaway.config.data import DataConfig
from cutaway.config.run import RunConfig
from cutaway.data.text.corpus import Corpus, Part, open_corpus
from cutaway.data.text.prepare import prepare
from cutaway.data.text.shards import TokenStream
from cutaway.data.text.windows import RandomWindows, SequentialWindows
from cutaway.errors import counted, counted_reasons
from cutaway.metrics.report import Report
from cutaway.model.device import choose_precision, device_of
from cutaway.tasks.base import FiniteBatches, Objective, TrainingData, evaluate
from cutaway.tasks.dataset import with_vocabulary
from cutaway.tasks.task import (
    Config,
    EvaluationOptions,
    LoadedModel,
    Progress,
    Task,
    Tokenizers,
    nothing_held_out,
)
from cutaway.text.tokenizer import Tokenizer

EVALUATION_TOKENS = 8192
"""Tokens of a batch in an evaluation."""
COUNTED_AT_ONCE = 1 << 24
"""Tokens that are searched for unknown ones at once."""


class TextTask(Task[Config]):
    """A task on a text: the first part of it is the training split, the last part is held out.

    Attributes:
        special_tokens: roles of special tokens that a tokenizer trained for the task must have.
    """

    special_tokens: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def training_data(self, corpus: Corpus) -> TrainingData:
        """Random windows to train on, and consecutive ones to validate on."""

    @abstractmethod
    def evaluation_data(
        self, tokenizer: Tokenizer, windows: SequentialWindows, part: Part
    ) -> tuple[Objective, FiniteBatches]:
        """What a model is measured by on the windows of a part of a text."""

    def prepare(self, folder: Path, progress: Progress, origin: Tokenizers | None = None) -> "TextDataset[Config]":
        """Writes the text's tokens into the folder."""
        tokenizer = self.config.tokenizer if origin is None else origin.text
        corpus = prepare(self.config.data, tokenizer, folder, specials=self.special_tokens, progress=progress)
        return TextDataset(type(self)(with_vocabulary(self.config, Tokenizers(corpus.tokenizer))), corpus)

    def open(self, folder: Path) -> "TextDataset[Config]":
        """Opens the tokens."""
        return TextDataset(self, open_corpus(folder))

    def evaluate_held_out(self, loaded: LoadedModel, folder: Path, options: EvaluationOptions) -> Report:
        """Loss, perplexity and accuracy on the held-out part."""
        corpus = open_corpus(folder)
        if not corpus.manifest.validation.characters:
            raise nothing_held_out(folder)
        windows = whole(corpus.validation, self.window(loaded.tokenizers.text))
        return self._measure(loaded, windows, corpus.manifest.validation)

    def evaluate_data(self, loaded: LoadedModel, data: DataConfig, scratch: Path, options: EvaluationOptions) -> Report:
        """Loss, perplexity and accuracy on all of a text."""
        corpus = prepare(data.model_copy(update={"validation": 0.0}), loaded.tokenizers.text, scratch)
        windows = whole(corpus.training, self.window(loaded.tokenizers.text))
        return self._measure(loaded, windows, corpus.manifest.training)

    def windows(self, corpus: Corpus) -> tuple[RandomWindows, SequentialWindows | None]:
        """Windows to train on and, if anything was held out, to validate on."""
        train, length = self.config.train, self.window(corpus.tokenizer)
        training = RandomWindows(corpus.training, length, train.batch_size, train.seed)
        has_validation = corpus.manifest.validation.characters > 0
        return training, whole(corpus.validation, length) if has_validation else None

    def window(self, tokenizer: Tokenizer) -> int:
        """The number of tokens of the text in a window: the context."""
        return self.config.model.context

    def placeholder_windows(self, examples: int) -> "RandomTokens":
        """Windows of random tokens."""
        return RandomTokens(self.config.model.vocabulary or 1, examples, self.config.model.context)

    def _measure(self, loaded: LoadedModel, windows: SequentialWindows, part: Part) -> Report:
        objective, batches = self.evaluation_data(loaded.tokenizers.text, windows, part)
        precision = choose_precision(self.config.train.precision, device_of(loaded.model))
        return Report(evaluate(loaded.model, objective, batches, precision))


@dataclass(frozen=True)
class TextDataset(Generic[Config]):
    """A text as tokens.

    Attributes:
        task: its task, with the vocabulary size.
        corpus: the tokens of both parts.
    """

    task: TextTask[Config]
    corpus: Corpus

    @property
    def config(self) -> RunConfig:
        """All choices of the run."""
        return self.task.config

    @property
    def tokenizers(self) -> Tokenizers:
        """How text becomes tokens."""
        return Tokenizers(self.corpus.tokenizer)

    @property
    def amount(self) -> str:
        """The number of tokens, and what was left out."""
        counts = {**self.corpus.manifest.scan.skipped, "of them unknown": self._count_unknown()}
        parts = (f"{counted(len(self.corpus.training), 'token')} of text", counted_reasons(counts))
        return ", ".join(part for part in parts if part)

    @property
    def epoch(self) -> int:
        """The number of batches that have as many tokens as the text."""
        return math.ceil(len(self.corpus.training) / (self.config.model.context * self.config.train.batch_size))

    def training_data(self) -> TrainingData:
        """Random windows to train on, and consecutive ones to validate on."""
        return self.task.training_data(self.corpus)

    def _count_unknown(self) -> int:
        tokens, unknown = self.corpus.training, self.corpus.tokenizer.unknown
        if unknown is None:
            return 0
        starts = range(0, len(tokens), COUNTED_AT_ONCE)
        return sum(int((tokens[start : start + COUNTED_AT_ONCE] == unknown).sum()) for start in starts)


class RandomTokens:
    """Batches of windows of random tokens, by number."""

    def __init__(self, vocabulary: int, batch_size: int, context: int) -> None:
        self._vocabulary = vocabulary
        self._shape = (batch_size, context + 1)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        tokens = np.random.default_rng(index).integers(self._vocabulary, size=self._shape)
        return tokens[:, :-1], tokens[:, 1:]


def whole(tokens: TokenStream, context: int) -> SequentialWindows:
    """All of a text in consecutive windows."""
    return SequentialWindows(tokens, context, max(1, EVALUATION_TOKENS // context))
