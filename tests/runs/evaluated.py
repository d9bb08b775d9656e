"""What every kind of run is measured by, and models that are always right."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cutaway.data.arrays import Array
from cutaway.data.examples import CaptionedImage, Graph
from cutaway.runs.run import Run
from cutaway.tasks.predictions import Answer, LabelPrediction, LabelsPrediction, TaggedWord, ValuePrediction
from support import require_module

CLASSES = ("sequence_classification", "image_classification", "proteins", "graph_classification")
BLEU_AND_ROUGE = ["bleu", "chrf", "rouge_1", "rouge_2", "rouge_l", "examples"]
TEXT = ["loss", "perplexity", "accuracy", "tokens"]
SEQUENCES = ["exact_match", "token_accuracy", "sequences"]
FIGURES = {
    "language_modeling": ["loss", "perplexity", "bits_per_character", "accuracy", "tokens"],
    "masked_language_modeling": TEXT,
    "sequence_to_sequence": BLEU_AND_ROUGE,
    "a tokenizer a side": BLEU_AND_ROUGE,
    "image_captioning": ["exact_match", "bleu", "rouge_l", "examples"],
    **{kind: ["accuracy", "macro_f1"] for kind in CLASSES},
    "multi_label": ["exact_match", "micro_f1", "macro_f1"],
    "regression": ["pearson", "spearman", "mean_squared_error"],
    "token_classification": ["entity_precision", "entity_recall", "entity_f1", "accuracy"],
    "question_answering": ["exact_match", "f1"],
    "algorithmic": [*SEQUENCES, *(f"{name}_beyond" for name in SEQUENCES)],
}
LIBRARIES = {
    "sequence_to_sequence": ("sacrebleu", "rouge_score"),
    "a tokenizer a side": ("sacrebleu", "rouge_score"),
    "image_captioning": ("sacrebleu", "rouge_score"),
    **dict.fromkeys(CLASSES, ("sklearn",)),
    "multi_label": ("sklearn",),
    "regression": ("scipy",),
    "token_classification": ("seqeval",),
}
COUNTS = ("examples", "sequences", "sequences_beyond")


def require_libraries(kind: str) -> None:
    """Skips a test whose metric is of a library that is not there."""
    for name in LIBRARIES.get(kind, ()):
        require_module(name)


def always_right(run: Run, patch: pytest.MonkeyPatch) -> None:
    """Lets the pipelines of a run of examples answer what the examples say."""
    examples = [*run.dataset.examples.training, *run.dataset.examples.validation]
    known = {_asked(example): example for example in examples}

    def sources(seq2seq_generator: Any, given: list[Any], options: Any) -> list[list[dict[str, Any]]]:
        found = [known[Array.of(one) if isinstance(one, np.ndarray) else one] for one in given]
        return [[{"text": one.caption if isinstance(one, CaptionedImage) else one.target}] for one in found]

    def labels(task: Any, loaded: Any, given: list[Any], truncated: Counter[str] | None = None) -> list[dict[str, Any]]:
        found = [known[Array.of(one) if isinstance(one, np.ndarray) else one] for one in given]
        return [_right[run.config.task.problem](one.labels) for one in found]

    def words(task: Any, loaded: Any, sentences: list[tuple[str, ...]]) -> list[list[dict[str, Any]]]:
        return [[TaggedWord("", tag, 1.0) for tag in known[words].tags] for words in sentences]

    def questions(task: Any, loaded: Any, asked: list[tuple[str, str]]) -> list[dict[str, Any]]:
        return [Answer(known[context].answers[0].text, 0, 0, 1.0) for _, context in asked]

    patch.setattr("cutaway.generation.seq2seq.Seq2SeqGenerator.search", sources)
    patch.setattr("cutaway.tasks.classification.ClassificationTask.classify", labels)
    patch.setattr("cutaway.tasks.token_classification.task.TokenClassificationTask.tag", words)
    patch.setattr("cutaway.tasks.question_answering.task.QuestionAnsweringTask.predict", questions)


def _asked(example: Any) -> Any:
    """What a pipeline is given."""
    return example if isinstance(example, Graph) else getattr(example, "words", None) or example.given


_right: dict[str, Callable[[tuple[str, ...]], dict[str, Any]]] = {
    "single_label": lambda labels: LabelPrediction(labels[0], 1.0, {}),
    "multi_label": lambda labels: LabelsPrediction(labels, {}),
    "regression": lambda labels: ValuePrediction(float(labels[0])),
}
