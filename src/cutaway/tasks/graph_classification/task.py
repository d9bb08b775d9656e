"""Graph classification: one label, several, or a number per graph (Ying et al. 2021, "Graphormer")."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from cutaway.config.data import DataConfig
from cutaway.data.examples import Graph
from cutaway.data.graphs.distances import UNREACHABLE, shortest_paths
from cutaway.data.graphs.edge_lists import read_graphs
from cutaway.data.input_formats import InputFormat
from cutaway.data.padding import pad_with_mask
from cutaway.errors import UserError
from cutaway.tasks.classification import ClassificationTask
from cutaway.tasks.graph_classification.config import GraphClassificationConfig
from cutaway.tasks.labels import LabelledRow
from cutaway.tasks.task import Tokenizers
from cutaway.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class ShownGraph:
    """Token ids of the nodes, and the length of the shortest path between every two, or `UNREACHABLE`."""

    tokens: list[int]
    distances: Int64[np.ndarray, "N N"]

    def __len__(self) -> int:
        return len(self.tokens)


def graph_rows(tokenizer: Tokenizer, graphs: Sequence[Graph], most: int, longest: int) -> list[ShownGraph]:
    """Graphs as tokens and distances.

    Args:
        tokenizer: with one token per node.
        graphs: any number.
        most: nodes that the model takes.
        longest: the longest path with its own bias.

    Raises:
        UserError: a graph has more nodes or a longer path (with the size of the largest), or a node has several tokens.
    """
    _refuse_larger([len(graph.nodes) for graph in graphs], most, "{} nodes, but the model takes {} (model.context)")
    paths = [shortest_paths(len(graph.nodes), graph.edges) for graph in graphs]
    diameters = [int(distances.max()) for distances in paths]
    _refuse_larger(diameters, longest, "nodes {} edges apart, but the model has {} (model.position.max_distance)")
    tokens = _tokens(tokenizer, sorted({node for graph in graphs for node in graph.nodes}))
    return [
        ShownGraph([tokens[node] for node in graph.nodes], distances)
        for graph, distances in zip(graphs, paths, strict=True)
    ]


def pad_graphs(graphs: Sequence[ShownGraph]) -> dict[str, np.ndarray]:
    """Token ids (B, N), their mask unless all have the same length, and distances (B, N, N)."""
    padded = pad_with_mask([graph.tokens for graph in graphs], "inputs", "attention_mask")
    nodes = padded["inputs"].shape[1]
    distances = np.full((len(graphs), nodes, nodes), UNREACHABLE, np.int64)
    for row, graph in zip(distances, graphs, strict=True):
        row[: len(graph), : len(graph)] = graph.distances
    return {**padded, "distances": distances}


def _tokens(tokenizer: Tokenizer, nodes: Sequence[str]) -> dict[str, int]:
    """The token of each node label."""
    encoded = dict(zip(nodes, tokenizer.encode_words(nodes), strict=True))
    for node, ids in encoded.items():
        if len(ids) > 1:
            raise UserError(f"the node {node!r} becomes {len(ids)} tokens, not one: write tokenizer=word, or rename it")
    return {node: token for node, (token,) in encoded.items()}


def _refuse_larger(sizes: Sequence[int], limit: int, message: str) -> None:
    largest = max(sizes, default=0)
    if largest > limit:
        which = f"graph {sizes.index(largest) + 1}" if len(sizes) > 1 else "the graph"
        raise UserError(f"{which} has {message.format(largest, limit)} at most: leave it out, or train a larger model")


class GraphClassificationTask(ClassificationTask[GraphClassificationConfig, Graph]):
    """Classifies graphs."""

    example = Graph
    inputs = InputFormat(len, pad_graphs)

    def read(self, path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Graph]:
        """Reads edge lists."""
        return read_graphs(path, data, skipped, are_numbers=self.are_numbers)

    def texts(self, example: Graph) -> tuple[Iterable[str], Iterable[str]]:
        """The nodes are read, as words."""
        return (" ".join(example.nodes),), ()

    def rows(self, tokenizers: Tokenizers, examples: Sequence[Graph], counted: Counter[str]) -> list[LabelledRow]:
        """Nodes as tokens with their distances, and the numbers of the labels; counts nodes with unknown labels."""
        rows = super().rows(tokenizers, examples, counted)
        if unknown := sum(tokenizers.text.count_unknown(row.shown.tokens) for row in rows):
            counted["unknown nodes"] += unknown
        return rows

    def input_of(self, example: Graph) -> Graph:
        """The graph itself."""
        return example

    def labels_of(self, example: Graph) -> tuple[str, ...]:
        """Its labels."""
        return example.labels

    def encode(self, tokenizers: Tokenizers, given: Sequence[Any], truncated: Counter[str] | None) -> list[ShownGraph]:
        """Graphs as tokens and distances."""
        for one in given:
            if not isinstance(one, Graph):
                raise UserError(
                    f"a graph is expected, not {type(one).__name__}: read_edge_lists reads graphs from a file"
                )
        model = self.config.model
        return graph_rows(tokenizers.text, given, model.context, model.longest_path)

    def placeholder_input(self) -> ShownGraph:
        """As many nodes as the context holds, all adjacent."""
        nodes = self.config.model.context
        return ShownGraph([0] * nodes, np.zeros((nodes, nodes), np.int64))
