"""Examples of each modality as they are read, before they become numbers."""

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
    """A source text and its target: a translation, a summary."""

    source: str
    target: str

    @property
    def given(self) -> str:
        """The input."""
        return self.source


@dataclass(frozen=True)
class LabelledText:
    """A text and its label, or all its labels. Numbers are kept as they are written."""

    text: str
    labels: tuple[str, ...]

    @property
    def given(self) -> str:
        """The input."""
        return self.text


@dataclass(frozen=True)
class Tagged:
    """The words of a sentence, each with a tag."""

    words: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def given(self) -> str:
        """The input."""
        return " ".join(self.words)


@dataclass(frozen=True)
class Answer:
    """A span of a context, and the index of its first character."""

    text: str
    start: int


@dataclass(frozen=True)
class Question:
    """A question, and its answers as spans of the context."""

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...]

    @property
    def given(self) -> str:
        """The context, which several questions may share."""
        return self.context


@dataclass(frozen=True)
class LabelledImage:
    """An image, (height, width, channels), and its label, or all its labels."""

    pixels: Array
    labels: tuple[str, ...]

    @property
    def given(self) -> Array:
        """The input."""
        return self.pixels


@dataclass(frozen=True)
class CaptionedImage:
    """An image, (height, width, channels), and its caption."""

    pixels: Array
    caption: str

    @property
    def given(self) -> Array:
        """The input."""
        return self.pixels


@dataclass(frozen=True)
class LabelledAudio:
    """Samples of a recording, from −1 to 1, and its label, or all its labels.

    Attributes:
        path: of the file, for messages.
        samples: of a single channel.
        rate: samples per second.
        labels: may be empty if several labels are possible.
    """

    path: str
    samples: Array
    rate: int
    labels: tuple[str, ...]

    @property
    def given(self) -> Array:
        """The input."""
        return self.samples


@dataclass(frozen=True)
class Graph:
    """Nodes, edges, and the label of the graph, or all its labels.

    Attributes:
        nodes: a word per node: its label, or otherwise its degree (Ying et al. 2021, "Do Transformers Really Perform
            Bad for Graph Representation?", section 3.1.1).
        edges: pairs of indices of nodes, the smaller first, without repetition.
        labels: may be empty.
    """

    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    labels: tuple[str, ...] = ()

    @property
    def given(self) -> str:
        """The input, independent of the order of the nodes: each node with its distances to the others."""
        around = shortest_paths(len(self.nodes), self.edges).tolist()
        seen = [(node, sorted(zip(row, self.nodes, strict=True))) for node, row in zip(self.nodes, around, strict=True)]
        return repr(sorted(seen))
