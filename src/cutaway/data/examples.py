"""What a task learns from, one example at a time, as it is read: before it becomes what a model is shown."""

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from cutaway.data.arrays import Array
from cutaway.data.graphs.distances import shortest_paths


@runtime_checkable
class Example(Protocol):
    """A frozen dataclass that pydantic can write as JSON."""

    @property
    def given(self) -> Any:
        """The input: examples that share it are held out together."""


AnyExample = TypeVar("AnyExample", bound=Example)


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
class LabelledText:
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


@dataclass(frozen=True)
class LabelledImage:
    """An image, (height, width, channels), and its label, or all labels that apply to it."""

    pixels: Array
    labels: tuple[str, ...]

    @property
    def given(self) -> Array:
        """What a model is shown."""
        return self.pixels


@dataclass(frozen=True)
class CaptionedImage:
    """An image, (height, width, channels), and what it shows, in words."""

    pixels: Array
    caption: str

    @property
    def given(self) -> Array:
        """What a model is shown."""
        return self.pixels


@dataclass(frozen=True)
class LabelledAudio:
    """Samples of a sound, from −1 to 1, and its label, or all labels that apply to it.

    Attributes:
        path: where it was read, for messages.
        samples: one after the other, of a single channel.
        rate: samples a second.
        labels: may be none, where several may apply.
    """

    path: str
    samples: Array
    rate: int
    labels: tuple[str, ...]

    @property
    def given(self) -> Array:
        """What a model is shown."""
        return self.samples


@dataclass(frozen=True)
class Graph:
    """Nodes and the edges between them, and the label of the whole, or all labels that apply to it.

    Attributes:
        nodes: for each node a word: its label, or else its degree, the number of its edges (Ying et al. 2021, "Do
            Transformers Really Perform Bad for Graph Representation?", section 3.1.1).
        edges: pairs of numbers of nodes, the smaller first, each pair once.
        labels: may be none, of a graph to be labelled.
    """

    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    labels: tuple[str, ...] = ()

    @property
    def given(self) -> str:
        """What a model is shown, however the nodes are numbered: each node, and what lies how far from it."""
        around = shortest_paths(len(self.nodes), self.edges).tolist()
        seen = [(node, sorted(zip(row, self.nodes, strict=True))) for node, row in zip(self.nodes, around, strict=True)]
        return repr(sorted(seen))
