"""What a task learns from, one example at a time, as plain text: before any tokenizer."""

from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Pair:
    """A text and what to make of it: a translation, a summary."""

    source: str
    target: str

    @property
    def given(self) -> str:
        """What a model is shown."""
        return self.source


@dataclass(frozen=True)
class Labelled:
    """A text and its label, or all labels that apply to it. Numbers are labels too, as they were written."""

    text: str
    labels: tuple[str, ...]

    @property
    def given(self) -> str:
        """What a model is shown."""
        return self.text


@dataclass(frozen=True)
class Tagged:
    """The words of a sentence, each with its tag."""

    words: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def given(self) -> str:
        """What a model is shown."""
        return " ".join(self.words)


@dataclass(frozen=True)
class Answer:
    """A stretch of a context, and the character where it starts."""

    text: str
    start: int


@dataclass(frozen=True)
class Question:
    """A question, and its answers in the words of a context."""

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...]

    @property
    def given(self) -> str:
        """What a model is shown, and what several questions may share."""
        return self.context


Example = Pair | Labelled | Tagged | Question
AnyExample = TypeVar("AnyExample", bound=Example)
