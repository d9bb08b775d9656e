"""Algorithmic tasks: sort, reverse, copy or add generated sequences of symbols."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path

import numpy as np
import torch

from cutaway.config.run import RunConfig
from cutaway.data.batches import BatchLimit
from cutaway.data.grouping import in_batches
from cutaway.errors import UserError
from cutaway.files import make_folder
from cutaway.metrics.exact import sequence_report
from cutaway.metrics.report import Report
from cutaway.model.device import device_of
from cutaway.model.run_folder import RunFolder
from cutaway.nn.losses import IGNORED
from cutaway.tasks.algorithmic.config import AlgorithmicConfig
from cutaway.tasks.algorithmic.generated import sequences, vocabulary
from cutaway.tasks.base import Repeated, TrainingData
from cutaway.tasks.dataset import with_labels, with_vocabulary
from cutaway.tasks.example_task import in_order
from cutaway.tasks.task import EvaluationOptions, LoadedModel, Progress, Task, Tokenizers
from cutaway.tasks.texts import require_fitting
from cutaway.tasks.token_classification.task import TokenClassification
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.training import tokenizer_of_words

WITHIN, BEYOND = 10_000, 1_000
"""Sequences that are graded: of all training lengths together, and of each greater length."""
LONGER = 2
"""How many symbols longer than in training the longest graded sequences are."""


@dataclass(frozen=True)
class SequenceRow:
    """Symbols, and the target at each position."""

    tokens: list[int]
    targets: list[int]

    @property
    def lengths(self) -> tuple[int]:
        """The number of symbols."""
        return (len(self.tokens),)


class GeneratedBatches:
    """Batches of sequences of one length each, generated on access; batch i depends on the seed and on i only."""

    def __init__(self, task: AlgorithmicConfig, batch_size: int, seed: int) -> None:
        self._task = task
        self._batch_size = batch_size
        self._seed = seed

    def __getitem__(self, index: int) -> list[SequenceRow]:
        rng = np.random.default_rng((self._seed, index))
        length = int(rng.integers(shortest(self._task), self._task.length + 1))
        return make_rows(self._task, self._batch_size, length, int(rng.integers(1 << 63)))


class AlgorithmicTask(Task[AlgorithmicConfig]):
    """Computes on generated sequences."""

    def prepare(self, folder: Path, progress: Progress, origin: Tokenizers | None = None) -> "GeneratedDataset":
        """Writes a tokenizer of the symbols, so that sequences can be written as text.

        Raises:
            UserError: a sequence is longer than the model's context, too few different ones exist, or the model to
                fine-tune has other symbols.
        """
        task = self.task_config
        longest = len(make_rows(task, 1, task.length, 0)[0].tokens)
        if longest > self.config.model.context:
            raise UserError(
                f"sequences to {task.operation} have {longest} symbols, but model.context is "
                f"{self.config.model.context}: write model.context={longest}, or choose a smaller task.length"
            )
        signs = ["+", "="] if task.operation == "add" else []
        tokenizer = tokenizer_of_words([*map(str, range(task.symbols)), *signs])
        if origin is not None and origin.text.sha256 != tokenizer.sha256:
            raise UserError(
                f"the tokens of the model to fine-tune are not the symbols of this task, 0 to {task.symbols - 1}"
                f"{' with + and =' if signs else ''}: choose another task.symbols, or train a model of its own"
            )
        make_folder(folder)
        tokenizer.save(RunFolder(folder).tokenizer)
        config = with_labels(with_vocabulary(self.config, Tokenizers(tokenizer)), task.symbols)
        return GeneratedDataset(AlgorithmicTask(config), Tokenizers(tokenizer))

    def open(self, folder: Path) -> "GeneratedDataset":
        """Opens the tokenizer."""
        return GeneratedDataset(self, Tokenizers(Tokenizer.load(RunFolder(folder).tokenizer)))

    def placeholder_data(self, examples: int) -> TrainingData:
        """Symbol 0, repeated."""
        tokens = [0] * self.config.model.context
        return TrainingData(TokenClassification(), Repeated(SequenceRow(tokens, tokens), examples), None)

    def expected_vocabulary(self) -> int:
        """The symbols and signs."""
        return vocabulary(self.task_config.operation, self.task_config.symbols)

    def expected_labels(self) -> int:
        """The symbols."""
        return self.task_config.symbols

    def read_input(self, text: str) -> list[int]:
        """Numbers, separated by white space.

        Raises:
            UserError: a word is not a number.
        """
        try:
            return [int(word) for word in text.split()]
        except ValueError:
            raise UserError(f"{text!r} is not a row of whole numbers") from None

    @torch.inference_mode()
    def predict(self, loaded: LoadedModel, inputs: Sequence[Sequence[int]]) -> list[list[int]]:
        """The likeliest symbol at each position of each row of symbols (see `Pipeline.compute`)."""
        task, known = self.task_config, self.config.model.known_vocabulary
        for row in inputs:
            for number in row:
                if not 0 <= number < known:
                    raise UserError(f"{number} is not among the numbers of the model: 0 to {task.symbols - 1}")
            if not row:
                raise UserError(f"there is nothing to {task.operation}: give numbers")
        require_fitting(inputs, self.config.model.context)

        def best(tokens: torch.Tensor, mask: torch.Tensor | None) -> list[list[int]]:
            lengths = [tokens.shape[1]] * len(tokens) if mask is None else mask.sum(dim=1).tolist()
            found = loaded.model(tokens, attention_mask=mask).argmax(dim=-1).tolist()
            return [row[:length] for row, length in zip(found, lengths, strict=True)]

        return in_batches(inputs, best, device_of(loaded.model))

    def add(self, loaded: LoadedModel, pairs: Sequence[tuple[int, int]]) -> list[int]:
        """The sums of pairs of numbers, written with as many digits as in training, or more if they need them."""
        task = self.task_config
        rows, sizes = [], []
        for pair in pairs:
            if min(pair) < 0:
                raise UserError(f"{min(pair)} is below 0, and the model adds numbers from 0 on")
            digits = [_digits(number, task.symbols) for number in pair]
            size = max(task.shortest or task.length, *map(len, digits))
            first, second = ([0] * (size - len(number)) + number for number in digits)
            rows.append([*first, task.symbols, *second, *[task.symbols + 1] * (size + 1)])
            sizes.append(size)
        found = self.predict(loaded, rows)
        return [_number(row[-size - 1 :], task.symbols) for row, size in zip(found, sizes, strict=True)]

    def evaluate_held_out(self, loaded: LoadedModel, folder: Path, options: EvaluationOptions) -> Report:
        """Fractions of sequences that are right from end to end; those longer than in training are reported apart."""
        graded = list(self._graded())
        found = self.predict(loaded, [row.tokens for _, row in graded])
        return sequence_report(
            [_at_targets(symbols, row) for symbols, (_, row) in zip(found, graded, strict=True)],
            [_at_targets(row.targets, row) for _, row in graded],
            [length for length, _ in graded],
            self.task_config.length,
        )

    def _graded(self) -> Iterator[tuple[int, SequenceRow]]:
        """Held-out sequences, each with its length; those that are longer than the model's context are left out."""
        task, seed = self.task_config, self.config.train.seed
        trained = range(shortest(task), task.length + 1)
        for length in range(shortest(task), task.length + LONGER + 1):
            count = -(-WITHIN // len(trained)) if length in trained else BEYOND
            for row in make_rows(task, count, length, seed + 1, held_out=True):
                if len(row.tokens) <= self.config.model.context:
                    yield length, row


@dataclass(frozen=True)
class GeneratedDataset:
    """Sequences that are generated when they are needed."""

    task: AlgorithmicTask
    tokenizers: Tokenizers

    @property
    def config(self) -> RunConfig:
        """All choices of the run."""
        return self.task.config

    @property
    def amount(self) -> str:
        """What is generated."""
        task = self.task.task_config
        return f"sequences to {task.operation}, of {task.length} symbols, without end"

    @property
    def epoch(self) -> None:
        """The data is endless."""
        return

    def training_data(self) -> TrainingData:
        """Endless sequences to train on, and held-out ones to validate on."""
        c = self.config.train
        training = GeneratedBatches(self.task.task_config, c.batch_size, c.seed)
        return TrainingData(TokenClassification(), training, in_order(self.held_out, BatchLimit(examples=1024)))

    @cached_property
    def held_out(self) -> list[SequenceRow]:
        """Sequences that are never trained on, of each length in turn."""
        return held_out(self.task.task_config, self.config.train.seed)


def held_out(task: AlgorithmicConfig, seed: int, length: int | None = None) -> list[SequenceRow]:
    """Sequences that are never trained on, of all training lengths or of one."""
    lengths = [length] if length is not None else range(shortest(task), task.length + 1)
    share = -(-task.held_out // len(lengths))
    return [row for one in lengths for row in make_rows(task, share, one, seed, held_out=True)]


def make_rows(
    task: AlgorithmicConfig, count: int, length: int, seed: int, *, held_out: bool = False
) -> list[SequenceRow]:
    """Sequences of one length with their targets."""
    inputs, targets = sequences(task.operation, count, length, task.symbols, seed, held_out=held_out)
    return [SequenceRow(*row) for row in zip(inputs.tolist(), targets.tolist(), strict=True)]


def shortest(task: AlgorithmicConfig) -> int:
    """The number of symbols of the shortest training sequence."""
    return task.shortest or task.length


def _digits(number: int, base: int) -> list[int]:
    digits = [number % base]
    while number := number // base:
        digits.insert(0, number % base)
    return digits


def _number(digits: Sequence[int], base: int) -> int:
    return reduce(lambda number, digit: number * base + digit, digits, 0)


def _at_targets(symbols: Sequence[int], row: SequenceRow) -> list[int]:
    """The symbols at the positions where the row has a target."""
    return [symbol for symbol, target in zip(symbols, row.targets, strict=True) if target != IGNORED]
