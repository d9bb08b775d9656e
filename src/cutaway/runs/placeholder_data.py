"""Placeholder data, as large as that of a run may be: for measuring its steps before there is any data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.config.embedding import FrameEmbeddingConfig, PatchEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.data.text.masking import Masked, Masking
from cutaway.runs.generated import SequenceRow
from cutaway.tasks.base import Batches, Task, TrainingData
from cutaway.tasks.graph_classification.task import ShownGraph
from cutaway.tasks.image_captioning.task import CaptionRow
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.tasks.masked_language_modeling.config import MaskedLanguageModelingConfig
from cutaway.tasks.masked_language_modeling.task import MaskedLanguageModeling
from cutaway.tasks.question_answering.task import QuestionAnswering, QuestionRow
from cutaway.tasks.rows.labels import LabelledRow
from cutaway.tasks.rows.shown import SHOWN
from cutaway.tasks.sequence_classification.task import SequenceClassification
from cutaway.tasks.sequence_to_sequence.task import PairRow, SequenceToSequence
from cutaway.tasks.token_classification.task import TokenClassification


def placeholder_data(config: RunConfig, examples: int) -> TrainingData:
    """Training data whose every batch has so many examples, each as long as the model's context."""
    task, batches = _MAKERS[config.task.kind](config, config.task, examples)
    return TrainingData(task, batches, None)


class RandomTokens:
    """Windows of a text without sense."""

    def __init__(self, vocabulary: int, batch_size: int, context: int) -> None:
        self._vocabulary = vocabulary
        self._shape = (batch_size, context + 1)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        tokens = np.random.default_rng(index).integers(self._vocabulary, size=self._shape)
        return tokens[:, :-1], tokens[:, 1:]


@dataclass(frozen=True)
class Repeated:
    """The same example, over and over: what a step takes does not depend on what it reads."""

    row: Any
    count: int

    def __getitem__(self, index: int) -> list[Any]:
        return [self.row] * self.count


def _text(config: RunConfig, examples: int) -> RandomTokens:
    return RandomTokens(config.model.vocabulary or 1, examples, config.model.context)


def _masked(config: RunConfig, task: MaskedLanguageModelingConfig, examples: int) -> Masked:
    ordinary = range(config.model.vocabulary or 1)
    masking = Masking(0, ordinary, task.fraction, task.masked, task.random)
    return Masked(_text(config, examples), masking, config.train.seed)


def _classification(config: RunConfig, examples: int, shown: Any) -> tuple[Task, Batches]:
    kind = SHOWN[config.task.kind]
    row = LabelledRow(shown, kind.length(shown), (0.0,))
    return SequenceClassification("single_label", kind=kind), Repeated(row, examples)


def _pixels(config: RunConfig) -> np.ndarray:
    return np.zeros(config.model.input_embedding(PatchEmbeddingConfig).shape, np.float32)


def _captioning(config: RunConfig, examples: int) -> tuple[Task, Batches]:
    row = CaptionRow(_pixels(config), _tokens(config), patches=1)
    return SequenceToSequence(kind=SHOWN[config.task.kind]), Repeated(row, examples)


def _frames(config: RunConfig) -> np.ndarray:
    return np.zeros((config.model.context, config.model.input_embedding(FrameEmbeddingConfig).bins), np.float32)


def _graph(config: RunConfig) -> ShownGraph:
    nodes = config.model.context
    return ShownGraph([0] * nodes, np.zeros((nodes, nodes), np.int64))


def _tokens(config: RunConfig) -> list[int]:
    return [0] * config.model.context


_MAKERS: dict[str, Callable[..., tuple[Task, Batches]]] = {
    "language_modeling": lambda c, t, n: (LanguageModeling(), _text(c, n)),
    "masked_language_modeling": lambda c, t, n: (MaskedLanguageModeling(), _masked(c, t, n)),
    "sequence_to_sequence": lambda c, t, n: (SequenceToSequence(), Repeated(PairRow(_tokens(c), _tokens(c)), n)),
    "sequence_classification": lambda c, t, n: _classification(c, n, _tokens(c)),
    "image_classification": lambda c, t, n: _classification(c, n, _pixels(c)),
    "image_captioning": lambda c, t, n: _captioning(c, n),
    "audio_classification": lambda c, t, n: _classification(c, n, _frames(c)),
    "graph_classification": lambda c, t, n: _classification(c, n, _graph(c)),
    "token_classification": lambda c, t, n: (TokenClassification(), Repeated(SequenceRow(_tokens(c), _tokens(c)), n)),
    "question_answering": lambda c, t, n: (
        QuestionAnswering(segments=False),
        Repeated(QuestionRow(_tokens(c), 1, []), n),
    ),
    "algorithmic": lambda c, t, n: (TokenClassification(), Repeated(SequenceRow(_tokens(c), _tokens(c)), n)),
}
