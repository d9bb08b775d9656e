"""A task: how its data becomes a dataset, and what a trained model predicts and is measured by.

What is known of a task without torch is in its record (`cutaway.config.task`), whose `spec` names the class defined
here or in a package of a user's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

from cutaway.config.data import DataConfig
from cutaway.config.run import RunConfig
from cutaway.config.task import TaskConfig
from cutaway.errors import UserError
from cutaway.metrics.report import Report
from cutaway.metrics.translation import check_tokenizer
from cutaway.model.transformer import Transformer
from cutaway.tasks.base import TrainingData
from cutaway.text.languages import reading, writing
from cutaway.text.tokenizer import Tokenizer

Progress = Callable[[int, int | None], None]
"""Called with the amount of data that is done, and with the total, which is None while it is being counted."""

Config = TypeVar("Config", bound=TaskConfig)


@dataclass(frozen=True)
class Tokenizers:
    """The tokenizer of a run, if it has one, and that of the source, if that has its own."""

    tokenizer: Tokenizer | None = None
    source_tokenizer: Tokenizer | None = None

    @property
    def text(self) -> Tokenizer:
        """The tokenizer of what the model reads or, if there is a source, writes.

        Raises:
            UserError: there is none.
        """
        if self.tokenizer is None:
            raise UserError("this model has no tokenizer: its task needs no text")
        return self.tokenizer

    @property
    def source(self) -> Tokenizer:
        """The tokenizer of the source: the same, unless the source has its own."""
        return self.source_tokenizer or self.text

    def for_languages(self, source: str | None, target: str | None) -> "Tokenizers":
        """The same for texts of these languages; None keeps a language.

        Raises:
            UserError: a tokenizer has no languages, or not this one.
        """
        read, write = self.source_tokenizer, self.text
        if source is not None:
            read, write = (None, reading(write, source)) if read is None else (reading(read, source), write)
        return Tokenizers(write if target is None else writing(write, target), read)


@runtime_checkable
class LoadedModel(Protocol):
    """A trained model with its choices and tokenizers; `cutaway.load` returns one."""

    @property
    def model(self) -> Transformer:
        """The model."""

    @property
    def config(self) -> RunConfig:
        """All choices of its run."""

    @property
    def tokenizers(self) -> Tokenizers:
        """How text becomes tokens."""


@runtime_checkable
class Dataset(Protocol):
    """Data prepared for a task, in the run folder."""

    @property
    def config(self) -> RunConfig:
        """All choices of the run, with those that the data determines: vocabulary size, labels, image size."""

    @property
    def tokenizers(self) -> Tokenizers:
        """How text becomes tokens."""

    @property
    def amount(self) -> str:
        """How much data there is and how much was left out, in words."""

    @property
    def epoch(self) -> int | None:
        """The approximate number of batches in an epoch; None if the data is endless."""

    def training_data(self) -> TrainingData:
        """The objective, and batches to train and to validate on."""


@dataclass(frozen=True)
class EvaluationOptions:
    """How texts are generated that are then compared with references.

    Attributes:
        num_beams: number of beams.
        length_penalty: α of Wu et al. 2016, eq. 14.
        tokenize: the tokenization that BLEU uses.

    Raises:
        UserError: BLEU has no such tokenization; raised at once, because generation takes long.
    """

    num_beams: int = 5
    length_penalty: float = 1.0
    tokenize: str = "13a"

    def __post_init__(self) -> None:
        check_tokenizer(self.tokenize)


class Task(Generic[Config]):
    """One kind of task, with the choices of a run.

    A kind overrides what it supports; everything else raises a UserError. Tasks on files of examples derive from
    `cutaway.tasks.example_task.ExampleTask`, which needs less.
    """

    def __init__(self, config: RunConfig) -> None:
        self.config = config

    @property
    def task_config(self) -> Config:
        """The record of the task."""
        return cast(Config, self.config.task)

    def prepare(self, folder: Path, progress: Progress, origin: Tokenizers | None = None) -> Dataset:
        """Reads the data, trains the tokenizers or takes those of `origin`, and writes a dataset into the folder.

        A call that was killed is continued or started again by the next.
        """
        raise self._unsupported("trained")

    def open(self, folder: Path) -> Dataset:
        """Opens a prepared dataset without the files that it was made from."""
        raise self._unsupported("trained")

    def placeholder_data(self, examples: int) -> TrainingData:
        """Batches of so many examples, each as long as the model's context: to time training steps without data."""
        raise self._unsupported("trained")

    def expected_vocabulary(self) -> int | None:
        """The vocabulary size, where the task determines it without data."""
        return None

    def expected_labels(self) -> int:
        """The number of labels; two where only the data determines it."""
        return len(getattr(self.task_config, "labels", None) or (0, 1))

    def read_input(self, text: str) -> Any:
        """What `predict` takes, from a command line's word or from a line of a file."""
        return text

    def predict(self, loaded: LoadedModel, inputs: Sequence[Any]) -> list[Any]:
        """A prediction per input: a text, a number, or a dict or list of them."""
        raise self._unsupported("used to predict")

    def evaluate_held_out(self, loaded: LoadedModel, folder: Path, options: EvaluationOptions) -> Report:
        """Measures the model on what its run held out.

        Raises:
            UserError: nothing was held out.
        """
        raise self._unsupported("evaluated")

    def evaluate_data(self, loaded: LoadedModel, data: DataConfig, scratch: Path, options: EvaluationOptions) -> Report:
        """Measures the model on the whole of other data; `scratch` is an empty folder for temporary files.

        Raises:
            UserError: the data cannot be read or is too little.
        """
        raise self._unsupported("evaluated on other data")

    def _unsupported(self, what: str) -> UserError:
        return UserError(f"a model for {self.config.task.kind} cannot be {what}: choose another model or task")


def task_of(config: RunConfig) -> Task[Any]:
    """The task of a run."""
    module, _, name = config.task.spec.implementation.partition(":")
    task: Task[Any] = getattr(import_module(module), name)(config)
    return task


def nothing_held_out(folder: Path) -> UserError:
    """The error of a run that cannot be evaluated without data."""
    return UserError(f"the run {folder} held nothing out: give data with --data")
