"""Questions with their answers in a context, in the JSON of SQuAD (Rajpurkar 2016; 2018 with unanswerable ones)."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cutaway.config.data import DataConfig
from cutaway.data.examples import Answer, Question
from cutaway.data.readers import format_of, opened
from cutaway.data.seen import Seen
from cutaway.errors import UserError


class _Part(BaseModel):
    """A part of the file, of which only the named fields are read."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)


class _Answer(_Part):
    text: str = Field(min_length=1)
    answer_start: int = Field(ge=0)


class _Question(_Part):
    id: str
    question: str
    answers: tuple[_Answer, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _without_answer(cls, given: Any) -> Any:
        """SQuAD 2.0 marks unanswerable questions; some files give them empty or only plausible answers."""
        if isinstance(given, dict) and given.get("is_impossible") is True:
            return {**given, "answers": ()}
        return given


class _Paragraph(_Part):
    context: str
    qas: tuple[_Question, ...]


class _Article(_Part):
    paragraphs: tuple[_Paragraph, ...]


class _File(_Part):
    data: tuple[_Article, ...]


def recognise_questions(path: Path, data: DataConfig) -> Seen | None:
    """Questions in the JSON of SQuAD."""
    if format_of(path) != ".json":
        return None
    try:
        _articles(path)
    except UserError:
        return None
    return Seen(("questions",), f"{path.name}: questions with answers in contexts")


def read_squad(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Question]:
    """The questions of a file. Those without answers or with `"is_impossible": true` are skipped and counted.

    Raises:
        UserError: it is not such a file, or an answer is not at its place in the context.
    """
    for paragraph in (paragraph for article in _articles(path) for paragraph in article.paragraphs):
        for asked in paragraph.qas:
            answers = tuple(_checked(answer, asked.id, paragraph.context, path) for answer in asked.answers)
            if answers:
                yield Question(asked.id, asked.question, paragraph.context, answers)
            else:
                skipped["unanswerable"] += 1


def _articles(path: Path) -> tuple[_Article, ...]:
    with opened(path) as file:
        content = file.read()
    try:
        return _File.model_validate_json(content).data
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "as a whole"
        raise UserError(f"{path} is not a SQuAD file: {place}: {first['msg']}") from error


def _checked(answer: _Answer, question: str, context: str, path: Path) -> Answer:
    start, text = answer.answer_start, answer.text
    there = context[start : start + len(text)]
    if there != text:
        raise UserError(
            f"{path}, question {question!r}: the answer {text!r} is not in its context at character {start}, "
            f"which reads {there!r}"
        )
    return Answer(text, start)
