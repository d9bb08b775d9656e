"""Questions with their answers in a context, in the JSON of SQuAD (Rajpurkar 2016; 2018 with unanswerable ones)."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cutaway.config.data import DataConfig
from cutaway.data.examples import Answer, Question
from cutaway.data.readers import format_of, opened
from cutaway.data.seen import Seen
from cutaway.data.tables.records import fields_of, has_names, read_records
from cutaway.errors import UserError


class _Part(BaseModel):
    """A part of the file, of which only the named fields are read."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)


AnyPart = TypeVar("AnyPart", bound=_Part)


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
    """Questions in the JSON of SQuAD, or one per row."""
    if not _has_rows(path):
        if format_of(path) != ".json":
            return None
        try:
            _articles(path)
        except UserError:
            return None
    return Seen(("questions",), f"{path.name}: questions with answers in contexts")


def read_squad(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Question]:
    """The questions of a file in the JSON of SQuAD, or with one per row, as `datasets` writes it.

    A row has a `question`, a `context`, and `answers`, which have lists `text` and `answer_start`. Questions without
    answers or with `"is_impossible": true` are skipped and counted.

    Raises:
        UserError: it is not such a file, or an answer is not at its place in the context.
    """
    for paragraph in _paragraphs(path):
        for asked in paragraph.qas:
            answers = tuple(_checked(answer, asked.id, paragraph.context, path) for answer in asked.answers)
            if answers:
                yield Question(asked.id, asked.question, paragraph.context, answers)
            else:
                skipped["unanswerable"] += 1


def _paragraphs(path: Path) -> Iterator[_Paragraph]:
    if not _has_rows(path):
        yield from (paragraph for article in _articles(path) for paragraph in article.paragraphs)
        return
    for number, (place, row) in enumerate(read_records(path), start=1):
        parts = zip(row.get("answers.text") or (), row.get("answers.answer_start") or (), strict=False)
        answers = row.get("answers") or [{"text": text, "answer_start": start} for text, start in parts]
        asked = {"id": number, **row, "answers": answers}
        if row:
            yield _valid(_Paragraph, {"context": row.get("context"), "qas": [asked]}, f"{place}: no question of SQuAD")


def _has_rows(path: Path) -> bool:
    """Whether a row has a question, its context and its answers."""
    try:
        fields = set(fields_of(path)[1]) if has_names(path) else set()
    except UserError:
        return False
    return fields >= {"question", "context"} and not fields.isdisjoint({"answers", "answers.text"})


def _articles(path: Path) -> tuple[_Article, ...]:
    with opened(path) as file:
        content = file.read()
    return _valid(_File, content, f"{path} is not a SQuAD file").data


def _valid(kind: type[AnyPart], given: Any, complaint: str) -> AnyPart:
    try:
        return kind.model_validate_json(given) if isinstance(given, bytes) else kind.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "as a whole"
        raise UserError(f"{complaint}: {place}: {first['msg']}") from error


def _checked(answer: _Answer, question: str, context: str, path: Path) -> Answer:
    start, text = answer.answer_start, answer.text
    there = context[start : start + len(text)]
    if there != text:
        raise UserError(
            f"{path}, question {question!r}: the answer {text!r} is not in its context at character {start}, "
            f"which reads {there!r}"
        )
    return Answer(text, start)
