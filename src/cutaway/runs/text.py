"""Datasets of continuous text: predict what follows, or what is hidden."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cutaway.config.run import RunConfig
from cutaway.data.text.corpus import Corpus, Part, open_corpus
from cutaway.data.text.masking import Masked, Masking
from cutaway.data.text.prepare import prepare
from cutaway.data.text.shards import TokenStream
from cutaway.data.text.windows import RandomWindows, SequentialWindows
from cutaway.errors import UserError
from cutaway.nn.losses import IGNORED
from cutaway.pipeline import Pipeline
from cutaway.runs.dataset import Progress, with_vocabulary
from cutaway.tasks.base import TrainingData
from cutaway.tasks.language_modeling.config import LanguageModelingConfig
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.tasks.masked_language_modeling.config import MaskedLanguageModelingConfig
from cutaway.tasks.masked_language_modeling.task import MaskedLanguageModeling
from cutaway.text.tokenizer import Tokenizer

EVALUATION_TOKENS = 8192
"""How many tokens an evaluation reads at once."""

COUNTED_AT_ONCE = 1 << 24
"""How many tokens are looked at for unknown ones at once."""

MakeTrainingData = Callable[..., TrainingData]
"""Given all choices, the task among them by itself, and the text."""


@dataclass(frozen=True)
class TextDataset:
    """A text as tokens, the first part to train on, the last to validate with."""

    config: RunConfig
    corpus: Corpus
    make_training_data: MakeTrainingData
    source_tokenizer: None = None

    @property
    def tokenizer(self) -> Tokenizer:
        """How text becomes tokens."""
        return self.corpus.tokenizer

    @property
    def amount(self) -> str:
        """How much text there is, and what was left out."""
        counts = {**self.corpus.manifest.scan.skipped, "of them unknown": self._count_unknown()}
        told = "".join(f", {number:,} {reason}" for reason, number in counts.items() if number)
        return f"{len(self.corpus.training):,} tokens of text{told}"

    @property
    def epoch(self) -> int:
        """In how many batches as many tokens are seen as the text has."""
        return math.ceil(len(self.corpus.training) / (self.config.model.context * self.config.train.batch_size))

    def training_data(self) -> TrainingData:
        """Windows anywhere in the text to train on, and windows end to end to validate with."""
        return self.make_training_data(self.config, self.config.task, self.corpus)

    def _count_unknown(self) -> int:
        tokens, unknown = self.corpus.training, self.tokenizer.unknown
        if unknown is None:
            return 0
        starts = range(0, len(tokens), COUNTED_AT_ONCE)
        return sum(int((tokens[start : start + COUNTED_AT_ONCE] == unknown).sum()) for start in starts)


@dataclass(frozen=True)
class TextBuilder:
    """How a text becomes a dataset.

    Attributes:
        make_training_data: what is learnt from it.
        specials: special tokens that the tokenizer must have.
    """

    make_training_data: MakeTrainingData
    specials: tuple[str, ...] = ()

    def prepare(
        self, config: RunConfig, folder: Path, progress: Progress, origin: Pipeline | None = None
    ) -> TextDataset:
        """Writes the text's tokens into the folder."""
        tokenizer = config.tokenizer if origin is None else origin.tokenizer
        corpus = prepare(config.data, tokenizer, folder, specials=self.specials, progress=progress)
        return TextDataset(with_vocabulary(config, corpus.tokenizer), corpus, self.make_training_data)

    def open(self, config: RunConfig, folder: Path) -> TextDataset:
        """Opens the tokens."""
        return TextDataset(config, open_corpus(folder), self.make_training_data)


def language_modeling(config: RunConfig, chosen: LanguageModelingConfig, corpus: Corpus) -> TrainingData:
    """Predict each token from those before it.

    Raises:
        UserError: documents are to be kept apart, and there is only one.
    """
    if chosen.document_mask and corpus.manifest.scan.documents < 2:
        raise UserError(
            "task.document_mask keeps documents apart, and the text is a single one: leave it out, or give a folder, "
            "a .jsonl or a .parquet file"
        )
    training, validation = windows(config, corpus)
    return TrainingData(next_token(chosen, corpus.tokenizer, corpus.manifest.validation), training, validation)


def next_token(chosen: LanguageModelingConfig, tokenizer: Tokenizer, part: Part) -> LanguageModeling:
    """The task on a part of a text."""
    separator = tokenizer.end if chosen.document_mask else None
    return LanguageModeling(characters_per_token(part), chosen.multi_token_weight, separator=separator)


def masked_language_modeling(config: RunConfig, chosen: MaskedLanguageModelingConfig, corpus: Corpus) -> TrainingData:
    """Predict hidden tokens from those on both sides."""
    seed, (training, validation) = config.train.seed, windows(config, corpus)
    masked = Masked(training, masking(chosen, corpus.tokenizer), seed)
    held_out = None if validation is None else to_fill(chosen, corpus.tokenizer, validation, seed)
    return TrainingData(MaskedLanguageModeling(), masked, held_out)


def windows(config: RunConfig, corpus: Corpus) -> tuple[RandomWindows, SequentialWindows | None]:
    """Windows to train on and, if anything was held out, to validate with."""
    c = config
    training = RandomWindows(corpus.training, c.model.context, c.train.batch_size, c.train.seed)
    has_validation = corpus.manifest.validation.characters > 0
    return training, whole(corpus.validation, c.model.context) if has_validation else None


def whole(tokens: TokenStream, context: int) -> SequentialWindows:
    """All of a text, in windows end to end."""
    return SequentialWindows(tokens, context, max(1, EVALUATION_TOKENS // context))


def to_fill(task: MaskedLanguageModelingConfig, tokenizer: Tokenizer, whole: SequentialWindows, seed: int) -> Masked:
    """Windows with hidden tokens to measure a model by.

    Raises:
        UserError: the text is so short that none is hidden.
    """
    masked = Masked(whole, masking(task, tokenizer), seed)
    if all((masked[i][1] == IGNORED).all() for i in range(len(masked))):
        raise UserError(
            "the text to validate with is so short that none of its tokens is hidden: give more, or hold out a larger "
            "share with data.validation"
        )
    return masked


def masking(task: MaskedLanguageModelingConfig, tokenizer: Tokenizer) -> Masking:
    """How the task hides tokens.

    Raises:
        UserError: the tokenizer has no mask.
    """
    if tokenizer.mask is None:
        raise UserError("masked language modelling needs a tokenizer with a mask token: train one, or choose another")
    return Masking(tokenizer.mask, tokenizer.ordinary, task.fraction, task.masked, task.random)


def characters_per_token(part: Part) -> float:
    """How many characters a token stands for on average; one if there are none."""
    return part.characters / max(1, sum(part.shards) - 1) or 1.0
