"""What trained models predict, as records."""

from collections.abc import Mapping
from dataclasses import dataclass

from cutaway.display import html_table


@dataclass(frozen=True)
class Candidate:
    """A token for a mask, with its probability."""

    token: str
    probability: float

    def __repr__(self) -> str:
        return f"Candidate({self.token!r}, {self.probability:.1%})"


@dataclass(frozen=True)
class LabelPrediction:
    """The most likely label of an input, its probability, and the probabilities of all labels."""

    label: str
    probability: float
    probabilities: Mapping[str, float]

    def __repr__(self) -> str:
        return f"LabelPrediction({self.label!r}, {self.probability:.1%})"

    def _repr_html_(self) -> str:
        return _by_probability(self.probabilities)


@dataclass(frozen=True)
class LabelsPrediction:
    """The labels of an input whose probability is above one half, and the probabilities of all labels."""

    labels: tuple[str, ...]
    probabilities: Mapping[str, float]

    def __repr__(self) -> str:
        found = ", ".join(f"{label!r}: {self.probabilities[label]:.1%}" for label in self.labels)
        return f"LabelsPrediction({found or 'none'})"

    def _repr_html_(self) -> str:
        return _by_probability(self.probabilities)


@dataclass(frozen=True)
class ValuePrediction:
    """The number that a regression model predicts for an input."""

    value: float

    def __repr__(self) -> str:
        return f"ValuePrediction({self.value:.4g})"


@dataclass(frozen=True)
class TaggedWord:
    """A word of a sentence, its most likely tag, and the tag's probability."""

    word: str
    tag: str
    probability: float

    def __repr__(self) -> str:
        return f"{self.word}/{self.tag} {self.probability:.1%}"


@dataclass(frozen=True)
class Answer:
    """The span of a context that answers a question: its text, which is `context[start:end]`, and its probability."""

    answer: str
    start: int
    end: int
    probability: float

    def __repr__(self) -> str:
        return f"Answer({self.answer!r}, {self.start}:{self.end}, {self.probability:.1%})"


def _by_probability(probabilities: Mapping[str, float]) -> str:
    ordered = sorted(probabilities.items(), key=lambda item: -item[1])
    return html_table(["label", "probability"], [[label, f"{value:.1%}"] for label, value in ordered])
