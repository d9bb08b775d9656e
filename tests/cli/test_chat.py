"""`cutaway chat`: through a pipe, at a terminal, for programs, and until there is no more room."""

import builtins
import io
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from cli.command import Outcome, refused, run
from cutaway.cli import chat as command
from cutaway.pipeline import Pipeline
from generation.test_chat import CONTEXT, speaker
from pipeline.pipelines import pipeline
from text.chats import CHATML, talker

WORDS = ("chat", "model", "--temperature", "0", "--max-new-tokens", "5")
SYSTEM = {"role": "system", "content": "Be brief."}


@pytest.fixture(scope="module")
def speaking() -> Pipeline:
    return speaker(talker(CHATML))


@pytest.fixture(autouse=True)
def _opened(speaking: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "open_model", lambda *choices: speaking)


def piped(monkeypatch: pytest.MonkeyPatch, text: str, *words: str) -> Outcome:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    return run(*WORDS, *words)


def typed(monkeypatch: pytest.MonkeyPatch, lines: Sequence[str | type[BaseException]]) -> Outcome:
    """A terminal at which a person types these lines, or presses keys that raise these."""
    left = iter([*lines, EOFError])

    def ask(prompt: str) -> str:
        line = next(left)
        if isinstance(line, str):
            return line
        raise line

    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(builtins, "input", ask)
    return run(*WORDS)


def answers(speaking: Pipeline, *lines: str, system: bool = False) -> list[str]:
    """What the model says to each line, told of all that was said before."""
    messages: list[dict[str, Any]] = [SYSTEM] if system else []
    for line in lines:
        messages.append({"role": "user", "content": line})
        messages.append({"role": "assistant", "content": speaking.chat(messages, 5, temperature=0.0)})
    return [message["content"] for message in messages if message["role"] == "assistant"]


def test_a_pipe_of_lines_is_a_chat_until_an_empty_line(speaking: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = piped(monkeypatch, "low\r\nthe cat\n\nthe cat\n")
    first, second, (anew,) = *answers(speaking, "low", "the cat"), answers(speaking, "the cat")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == f"{first}\n{second}\n{anew}\n"
    assert second != anew


def test_a_system_is_told_before_each_chat(speaking: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = piped(monkeypatch, "low\n\nlow\n", "--system", SYSTEM["content"])
    (told,), (untold,) = answers(speaking, "low", system=True), answers(speaking, "low")
    assert outcome.out == f"{told}\n{told}\n"
    assert told != untold


def test_programs_read_an_object_an_answer(speaking: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["low", "the cat"]
    outcome = piped(monkeypatch, "\n".join(lines), "--json")
    expected = [{"message": line, "answer": one} for line, one in zip(lines, answers(speaking, *lines), strict=True)]
    assert [json.loads(line) for line in outcome.out.splitlines()] == expected


def test_a_terminal_says_how_and_ends_politely(speaking: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in (EOFError, KeyboardInterrupt):
        outcome = typed(monkeypatch, ["low", key])
        assert (outcome.status, outcome.err) == (0, f"{command.HOW}\n")
        assert outcome.out == f"{answers(speaking, 'low')[0]}\n\n"


def test_a_chat_without_room_is_told_how_to_go_on(speaking: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "low lower " * CONTEXT
    outcome = typed(monkeypatch, [long, "low"])
    how, complaint = outcome.err.splitlines()
    assert how == command.HOW
    assert complaint.startswith("cutaway: the chat has ")
    assert complaint.endswith(": begin a new one")
    assert outcome.out == f"{answers(speaking, 'low')[0]}\n\n", "the line without room is forgotten"
    outcome = piped(monkeypatch, f"low\n{long}\nlow\n")
    assert outcome.status == 2
    assert outcome.out == f"{answers(speaking, 'low')[0]}\n"
    assert outcome.err.startswith("cutaway: the chat has ")


def test_an_answer_can_be_stopped(speaking: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = answers(speaking, "low")
    chat_session = speaking.chat_session()
    stream: Callable[..., Any] = chat_session.stream
    asked: list[Sequence[Any]] = []

    def stopped(messages: Sequence[Any], *given: Any) -> Any:
        asked.append(messages)
        yield next(iter(stream(messages, *given)))
        raise KeyboardInterrupt

    monkeypatch.setattr(speaking, "chat_session", lambda: chat_session)
    monkeypatch.setattr(chat_session, "stream", stopped)
    outcome = typed(monkeypatch, ["low", "the cat"])
    assert outcome.status == 0
    assert outcome.err.splitlines() == [command.HOW, "stopped", "stopped"]
    said = outcome.out.splitlines()[0]
    assert whole.startswith(said)
    assert 0 < len(said) < len(whole)
    assert [message["content"] for message in asked[1]] == ["low", said, "the cat"]


def test_mistakes_are_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused("chat", "model", "--temperature", "-1") == "temperature must be 0 (greedy) or more, and finite"
    monkeypatch.setattr(command, "open_model", lambda *choices: pipeline("generate"))
    assert "no chat template" in refused("chat", "model")


def test_invalid_utf_8_in_a_pipe_is_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n")))
    outcome = run(*WORDS)
    assert outcome.status == 2
    assert outcome.err == "cutaway: standard input, line 1: not UTF-8 text; convert it to UTF-8\n"


def test_a_template_that_writes_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "open_model", lambda *choices: speaker(talker("{# nothing #}")))
    outcome = piped(monkeypatch, "low\n")
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert "the chat template makes an empty text of this chat" in outcome.err
