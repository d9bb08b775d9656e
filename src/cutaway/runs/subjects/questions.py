"""Question answering: find a span of the context."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.data.examples import Question
from cutaway.data.rows.questions import QuestionRow, Windowing
from cutaway.runs.course import with_labels
from cutaway.runs.examples import ExampleCourse, Subject
from cutaway.text.special import UNDERSTANDING
from cutaway.text.tokenizer import Tokenizer
from cutaway.train.tasks.question_answering import QuestionAnswering

ENDS = 2
"""A span has a first and a last token."""


def texts(example: Question) -> tuple[Iterable[str], Iterable[str]]:
    """Question and context."""
    return (example.question, example.context), ()


def windowing(config: RunConfig, tokenizer: Tokenizer) -> Windowing:
    """How the run cuts contexts into windows."""
    assert config.task.kind == "question_answering"
    return Windowing(tokenizer, config.model.context, config.task.stride)


def rows(course: ExampleCourse, examples: Sequence[Question], counted: Counter[str]) -> list[QuestionRow]:
    """Windows over the contexts, and where in them the answers are."""
    found = list(windowing(course.config, course.known_tokenizer).answered(examples))
    if len(found) > len(examples):
        counted["windows over contexts that were too long for one"] += len(found) - len(examples)
    return found


def task(config: RunConfig, rows: Sequence[Any]) -> QuestionAnswering:
    """Cross-entropy of both ends."""
    return QuestionAnswering(segments=config.model.segments > 1)


SUBJECT = Subject(Question, UNDERSTANDING, texts, lambda config, examples: with_labels(config, ENDS), rows, task)
