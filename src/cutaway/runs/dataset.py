"""What a run teaches."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from cutaway.config.head import SequenceHeadConfig, TokenHeadConfig
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.pipeline import Pipeline
from cutaway.tasks.base import TrainingData
from cutaway.text.tokenizer import Tokenizer

Progress = Callable[[int, int | None], None]
"""Told how much of the data is done, and of how much: None while it is being counted."""


@runtime_checkable
class Dataset(Protocol):
    """Data that was prepared for a task, in the run's folder."""

    @property
    def config(self) -> RunConfig:
        """All choices of the run, with what the data told of them: vocabulary and labels."""

    @property
    def tokenizer(self) -> Tokenizer | None:
        """How text becomes tokens, if there is any; that of the target if a source has its own."""

    @property
    def source_tokenizer(self) -> Tokenizer | None:
        """How a source becomes tokens, if not by the same tokenizer."""

    @property
    def amount(self) -> str:
        """How much data there is, and how much was left out, for people."""

    @property
    def epoch(self) -> int | None:
        """In about how many batches all of the data is seen once; None if it has no end."""

    def training_data(self) -> TrainingData:
        """The task, and batches to train on and to validate with."""


@runtime_checkable
class DatasetBuilder(Protocol):
    """How the data of a task becomes a dataset."""

    def prepare(self, config: RunConfig, folder: Path, progress: Progress, origin: Pipeline | None = None) -> Dataset:
        """Reads the data, makes the tokenizer or takes that of the origin, and writes what training needs.

        Killed at any instant and called again, it goes on or begins anew.
        """

    def open(self, config: RunConfig, folder: Path) -> Dataset:
        """Opens what was prepared, without a look at the data."""


def with_vocabulary(
    config: RunConfig, tokenizer: Tokenizer | None, source_tokenizer: Tokenizer | None = None
) -> RunConfig:
    """Fills in how many tokens the model knows: as many as the tokenizer makes, unless there is to be room for more.

    Raises:
        UserError: the tokenizer makes more than the model is to know.
    """
    tokenizers = {"vocabulary": tokenizer, "source_vocabulary": source_tokenizer}
    return with_model(config, **{key: _room_for(one, config, key) for key, one in tokenizers.items()})


def _room_for(tokenizer: Tokenizer | None, config: RunConfig, key: str) -> int | None:
    wanted: int | None = getattr(config.model, key)
    if tokenizer is None and wanted is not None:
        raise UserError(
            f"model.{key} is {wanted}, and there is no {key.replace('vocabulary', 'tokenizer')}: leave it out"
        )
    if tokenizer is None:
        return None
    if wanted is not None and wanted < tokenizer.vocabulary:
        raise UserError(
            f"the text makes {tokenizer.vocabulary} tokens, and model.{key} is {wanted}: "
            f"take a text with fewer, or leave it open with model.{key}=none"
        )
    return wanted or tokenizer.vocabulary


def with_labels(config: RunConfig, labels: int) -> RunConfig:
    """Fills in how many labels the head scores.

    Raises:
        UserError: it scores none, or is to score another number.
    """
    head = config.model.head
    if not isinstance(head, SequenceHeadConfig | TokenHeadConfig):
        raise UserError(f"a {head.kind} head scores no labels: write model.head=sequence or model.head=token")
    if head.labels not in (None, labels):
        raise UserError(
            f"the data has {labels} labels, and model.head.labels is {head.labels}: leave it open with none"
        )
    return with_model(config, head=head.model_copy(update={"labels": labels}))


def with_task(config: RunConfig, **choices: object) -> RunConfig:
    """Changes choices of the task."""
    return config.model_copy(update={"task": config.task.model_copy(update=choices)})


def with_model(config: RunConfig, **choices: object) -> RunConfig:
    """Changes choices of the model."""
    return config.model_copy(update={"model": config.model.model_copy(update=choices)})
