"""Question answering: find a span of the context."""

from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.data.examples import Question
from cutaway.runs.dataset import with_labels
from cutaway.runs.examples import ExampleDataset, Subject
from cutaway.tasks.question_answering.config import QuestionAnsweringConfig
from cutaway.tasks.question_answering.task import QuestionAnswering, QuestionRow, Windowing
from cutaway.text.special import UNDERSTANDING

ENDS = 2
"""A span has a first and a last token."""


def texts(example: Question) -> tuple[Iterable[str], Iterable[str]]:
    """Question and context."""
    return (example.question, example.context), ()


def rows(dataset: ExampleDataset, task: QuestionAnsweringConfig, examples: Sequence[Question]) -> list[QuestionRow]:
    """Windows over the contexts, and where in them the answers are."""
    found = list(Windowing(dataset.known_tokenizer, dataset.config.model.context, task.stride).answered(examples))
    if len(found) > len(examples):
        dataset.counted["windows over contexts that were too long for one"] += len(found) - len(examples)
    return found


def task(config: RunConfig, chosen: QuestionAnsweringConfig, rows: Sequence[Any]) -> QuestionAnswering:
    """Cross-entropy of both ends."""
    return QuestionAnswering(segments=config.model.segments > 1)


SUBJECT = Subject(Question, UNDERSTANDING, texts, lambda config, task, examples: with_labels(config, ENDS), rows, task)
