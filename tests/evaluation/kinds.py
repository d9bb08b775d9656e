"""What every kind of run is measured by, and models that are always right."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from cutaway.runs.run import Run
from support import require_module

BLEU_AND_ROUGE = ["bleu", "chrf", "rouge_1", "rouge_2", "rouge_l", "examples"]
TEXT = ["loss", "perplexity", "accuracy", "tokens"]
SEQUENCES = ["exact_match", "token_accuracy", "sequences"]
FIGURES = {
    "language_modeling": ["loss", "perplexity", "bits_per_character", "accuracy", "tokens"],
    "masked_language_modeling": TEXT,
    "sequence_to_sequence": BLEU_AND_ROUGE,
    "a tokenizer a side": BLEU_AND_ROUGE,
    "sequence_classification": ["accuracy", "macro_f1"],
    "multi_label": ["exact_match", "micro_f1", "macro_f1"],
    "regression": ["pearson", "spearman", "mean_squared_error"],
    "token_classification": ["entity_precision", "entity_recall", "entity_f1", "accuracy"],
    "question_answering": ["exact_match", "f1"],
    "algorithmic": [*SEQUENCES, *(f"{name}_beyond" for name in SEQUENCES)],
}
LIBRARIES = {
    "sequence_to_sequence": ("sacrebleu", "rouge_score"),
    "a tokenizer a side": ("sacrebleu", "rouge_score"),
    "sequence_classification": ("sklearn",),
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
    examples = [*run.course.examples.training, *run.course.examples.validation]
    known = {_asked(example): example for example in examples}

    def pairs(rewriter: Any, texts: list[str], options: Any) -> list[list[dict[str, Any]]]:
        return [[{"text": known[text].target}] for text in texts]

    def sentences(pipeline: Any, texts: list[str], *, truncated: Counter[str]) -> list[dict[str, Any]]:
        return [_right[run.config.task.problem](known[text].labels) for text in texts]

    def words(pipeline: Any, sentences: list[tuple[str, ...]]) -> list[list[dict[str, Any]]]:
        return [[{"tag": tag} for tag in known[words].tags] for words in sentences]

    def questions(pipeline: Any, asked: list[tuple[str, str]]) -> list[dict[str, Any]]:
        return [{"answer": known[context].answers[0].text} for _, context in asked]

    patch.setattr("cutaway.verbs.rewriting.Rewriter.search", pairs)
    patch.setattr("cutaway.pipeline.Pipeline.classify", sentences)
    patch.setattr("cutaway.pipeline.Pipeline.tag_words", words)
    patch.setattr("cutaway.pipeline.Pipeline.answer_all", questions)


def _asked(example: Any) -> Any:
    return getattr(example, "words", None) or example.given


_right: dict[str, Callable[[tuple[str, ...]], dict[str, Any]]] = {
    "single_label": lambda labels: {"label": labels[0]},
    "multi_label": lambda labels: {"labels": list(labels)},
    "regression": lambda labels: {"value": float(labels[0])},
}
