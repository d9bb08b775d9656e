"""Datasets of made-up sequences: sort, reverse, copy, add."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from cutaway.config.run import RunConfig
from cutaway.data.batches import BatchLimit
from cutaway.errors import UserError
from cutaway.files import make_folder
from cutaway.model.files import RunFolder
from cutaway.pipeline import Pipeline
from cutaway.runs.dataset import Progress, with_labels, with_vocabulary
from cutaway.runs.examples import in_order
from cutaway.tasks.algorithmic.config import AlgorithmicConfig
from cutaway.tasks.algorithmic.generated import sequences, vocabulary
from cutaway.tasks.base import TrainingData
from cutaway.tasks.token_classification.task import TokenClassification
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.words import tokenizer_of_words


@dataclass(frozen=True)
class SequenceRow:
    """Symbols, and what stands in each place afterwards."""

    tokens: list[int]
    targets: list[int]

    @property
    def lengths(self) -> tuple[int]:
        """How many symbols there are."""
        return (len(self.tokens),)


class GeneratedBatches:
    """Batches of sequences of one length each, made when asked for; batch i depends on the seed and on i alone."""

    def __init__(self, task: AlgorithmicConfig, batch_size: int, seed: int) -> None:
        self._task = task
        self._batch_size = batch_size
        self._seed = seed

    def __getitem__(self, index: int) -> list[SequenceRow]:
        rng = np.random.default_rng((self._seed, index))
        length = int(rng.integers(shortest(self._task), self._task.length + 1))
        return make_rows(self._task, self._batch_size, length, int(rng.integers(1 << 63)))


@dataclass(frozen=True)
class GeneratedDataset:
    """Nothing but a rule, and symbols that are spelt as numbers."""

    config: RunConfig
    task: AlgorithmicConfig
    tokenizer: Tokenizer
    source_tokenizer: None = None

    @property
    def amount(self) -> str:
        """What is learnt."""
        return f"sequences to {self.task.operation}, of {self.task.length} symbols, without end"

    @property
    def epoch(self) -> None:
        """There is no end."""
        return

    def training_data(self) -> TrainingData:
        """Sequences without end to train on, and held-out ones to validate with."""
        c = self.config.train
        training = GeneratedBatches(self.task, c.batch_size, c.seed)
        return TrainingData(TokenClassification(), training, in_order(self.held_out, BatchLimit(examples=1024)))

    @cached_property
    def held_out(self) -> list[SequenceRow]:
        """Sequences that are never trained on, of each length in turn."""
        return held_out(self.task, self.config.train.seed)


@dataclass(frozen=True)
class GeneratedBuilder:
    """Nothing to read: only the symbols become a tokenizer, so that they can be written and looked at."""

    task: AlgorithmicConfig

    def prepare(
        self, config: RunConfig, folder: Path, progress: Progress, origin: Pipeline | None = None
    ) -> GeneratedDataset:
        """Writes the tokenizer.

        Raises:
            UserError: a sequence is longer than the model takes, there are too few different ones, or the origin knows
                other symbols.
        """
        task = self.task
        longest = len(make_rows(task, 1, task.length, 0)[0].tokens)
        if longest > config.model.context:
            raise UserError(
                f"sequences to {task.operation} have {longest} symbols, and model.context is {config.model.context}: "
                f"write model.context={longest}, or choose a smaller task.length"
            )
        signs = ["+", "="] if task.operation == "add" else []
        tokenizer = tokenizer_of_words([*map(str, range(task.symbols)), *signs])
        assert tokenizer.vocabulary == vocabulary(task.operation, task.symbols), "a symbol has no token, or a sign none"
        if origin is not None and origin.tokenizer.sha256 != tokenizer.sha256:
            raise UserError(
                f"the tokens of the model to go on from are not the symbols of this task, 0 to {task.symbols - 1}"
                f"{' with + and =' if signs else ''}: choose another task.symbols, or train a model of its own"
            )
        make_folder(folder)
        tokenizer.save(RunFolder(folder).tokenizer)
        config = with_labels(with_vocabulary(config, tokenizer), task.symbols)
        return GeneratedDataset(config, task, tokenizer)

    def open(self, config: RunConfig, folder: Path) -> GeneratedDataset:
        """Opens the tokenizer."""
        return GeneratedDataset(config, self.task, Tokenizer.load(RunFolder(folder).tokenizer))


def held_out(task: AlgorithmicConfig, seed: int, length: int | None = None) -> list[SequenceRow]:
    """Sequences that are never trained on: of all lengths of training, or of one."""
    lengths = [length] if length is not None else range(shortest(task), task.length + 1)
    share = -(-task.held_out // len(lengths))
    return [row for one in lengths for row in make_rows(task, share, one, seed, held_out=True)]


def make_rows(
    task: AlgorithmicConfig, count: int, length: int, seed: int, *, held_out: bool = False
) -> list[SequenceRow]:
    """Sequences of one length, and their targets."""
    inputs, targets = sequences(task.operation, count, length, task.symbols, seed, held_out=held_out)
    return [SequenceRow(*row) for row in zip(inputs.tolist(), targets.tolist(), strict=True)]


def shortest(task: AlgorithmicConfig) -> int:
    """Symbols in the shortest sequence of training."""
    return task.shortest or task.length
