import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cutaway.config.data import DataConfig
from cutaway.data.examples import Answer, Question
from cutaway.data.tables.squad import read_squad
from cutaway.errors import UserError

CONTEXT = "Über the hill.\nOver the 漢."


def read(path: Path, *paragraphs: dict[str, Any]) -> tuple[list[Question], Counter[str]]:
    content = json.dumps({"version": "v2.0", "data": [{"title": "t", "paragraphs": [one]} for one in paragraphs]})
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    skipped: Counter[str] = Counter()
    return list(read_squad(path, DataConfig(), skipped)), skipped


def asked(identifier: str, *answers: tuple[str, int]) -> dict[str, Any]:
    found = [{"text": text, "answer_start": start} for text, start in answers]
    return {"id": identifier, "question": f"{identifier}?", "answers": found, "is_impossible": not found}


def test_a_question_marked_as_impossible_has_no_answer_whatever_it_gives(tmp_path: Path) -> None:
    marked = [asked("plausible", ("the hill", 5)), asked("empty", ("", -1))]
    questions = [*({**one, "is_impossible": True} for one in marked), {**asked("one", ("hill", 9)), "is_impossible": 0}]
    found, skipped = read(tmp_path / "a.json", {"context": CONTEXT, "qas": questions})
    assert [question.id for question in found] == ["one"]
    assert skipped == {"unanswerable": 2}


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_questions_are_read_with_all_their_answers(tmp_path: Path, name: str) -> None:
    first = {"context": CONTEXT, "qas": [asked("one", ("the hill", 5), ("hill", 9)), asked("none")]}
    second = {"context": "It is.", "qas": [asked("none either"), asked("two", ("It", 0))]}
    found, skipped = read(tmp_path / name, first, second)
    assert found == [
        Question("one", "one?", CONTEXT, (Answer("the hill", 5), Answer("hill", 9))),
        Question("two", "two?", "It is.", (Answer("It", 0),)),
    ]
    assert skipped == {"unanswerable": 2}


@pytest.mark.parametrize(("text", "start", "there"), [("the hill", 6, "he hill."), ("漢.x", 24, "漢."), ("x", 99, "")])
def test_an_answer_that_is_not_there_is_named(tmp_path: Path, text: str, start: int, there: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path / "a.json", {"context": CONTEXT, "qas": [asked("one", ("hill", 9)), asked("two", (text, start))]})
    assert f"question 'two': the answer {text!r} is not in its context at character {start}" in str(caught.value)
    assert str(caught.value).endswith(f"which reads {there!r}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "as a whole: Invalid JSON"),
        (b"\xff", "as a whole: Invalid JSON"),
        (b"[]", "as a whole: "),
        (b'{"data": [{"paragraphs": [{"qas": []}]}]}', r"data\.0\.paragraphs\.0\.context: Field required"),
    ],
)
def test_what_is_no_squad_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match=f"a.json is not a SQuAD file: {said}") as caught:
        list(read_squad(tmp_path / "a.json", DataConfig(), Counter()))
    assert "\n" not in str(caught.value)


def test_questions_are_read_one_per_row(tmp_path: Path) -> None:
    rows = [
        {
            "id": "a",
            "title": "t",
            "context": "it rains",
            "question": "what?",
            "answers": {"text": ["it"], "answer_start": [0]},
        },
        {"id": "b", "context": "it rains", "question": "why?", "answers": {"text": [], "answer_start": []}},
        {"context": "it rains", "question": "how?", "answers": [{"text": "rains", "answer_start": 3}]},
    ]
    expected = [
        Question("a", "what?", "it rains", (Answer("it", 0),)),
        Question("3", "how?", "it rains", (Answer("rains", 3),)),
    ]
    for name, content in (("a.jsonl", "\n".join(map(json.dumps, rows))), ("a.json", json.dumps(rows))):
        (tmp_path / name).write_text(content)
        skipped: Counter[str] = Counter()
        assert list(read_squad(tmp_path / name, DataConfig(), skipped)) == expected
        assert skipped == {"unanswerable": 1}
    (tmp_path / "b.jsonl").write_text(json.dumps({**rows[0], "question": None}))
    with pytest.raises(UserError, match=r"b\.jsonl, line 1: no question of SQuAD: qas\.0\.question: "):
        list(read_squad(tmp_path / "b.jsonl", DataConfig(), Counter()))
