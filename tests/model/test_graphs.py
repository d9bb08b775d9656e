"""A model of graphs through all its floors: how nodes are numbered, and what stands beside a graph, changes nothing."""

from random import Random
from typing import Any

import pytest
import torch

from cutaway.config.run import RunConfig
from cutaway.config.tokenizer import WordTokenizer
from cutaway.data.examples import Graph
from cutaway.errors import UserError
from cutaway.pipeline import Pipeline
from cutaway.tasks.graph_classification.task import graph_rows, pad_graphs
from cutaway.text.training import train_tokenizer
from variants import hidden, variant

LABELS = ("ring", "tree", "other")
WORDS = train_tokenizer(WordTokenizer(), ["0 1 2 3 4 C N O"])
LONGEST = 7
CHOICES: dict[str, Any] = {
    "architecture": "encoder",
    "context": 9,
    "vocabulary": WORDS.vocabulary,
    "position": {"kind": "shortest_path", "max_distance": LONGEST},
}
POOLINGS = ("mean", "max")


def drawn(random: Random, nodes: int) -> Graph:
    """A graph whose nodes are labelled, of one part or several, with cycles or without."""
    pairs = [(one, other) for one in range(nodes) for other in range(one + 1, nodes)]
    edges = random.sample(pairs, min(len(pairs), nodes - 1))
    return Graph(tuple(random.choices(["C", "N", "O"], k=nodes)), tuple(edges))


def renumbered(graph: Graph, random: Random) -> Graph:
    """The same graph with its nodes in another order."""
    old = random.sample(range(len(graph.nodes)), len(graph.nodes))  # the old number of each new node
    pairs = [(old.index(one), old.index(other)) for one, other in graph.edges]
    edges = [(min(pair), max(pair)) for pair in random.sample(pairs, len(pairs))]
    return Graph(tuple(graph.nodes[i] for i in old), tuple(edges))


GRAPHS = [drawn(Random(nodes), nodes) for nodes in (6, 1, 9, 4, 2, 5)]


def pipeline(pooling: str) -> Pipeline:
    head = {"kind": "sequence", "labels": len(LABELS), "pooling": pooling}
    model = variant(**CHOICES, head=head)
    config = {"model": {**CHOICES, "head": head}, "task": {"kind": "graph_classification", "labels": LABELS}}
    return Pipeline(model, WORDS, RunConfig.model_validate(config))


def probabilities(pipeline: Pipeline, graphs: list[Graph]) -> torch.Tensor:
    return torch.tensor([list(found.probabilities.values()) for found in pipeline.classify(graphs)])


@pytest.mark.parametrize("pooling", POOLINGS)
def test_graphs_are_told_apart_the_same_however_their_nodes_are_numbered(pooling: str) -> None:
    asked, random = pipeline(pooling), Random(0)
    found = probabilities(asked, GRAPHS)
    assert (torch.cdist(found, found) + torch.eye(len(found)) > 1e-3).all(), "all of them differ"
    for _ in range(3):
        again = [renumbered(graph, random) for graph in GRAPHS]
        assert again != GRAPHS
        torch.testing.assert_close(probabilities(asked, again), found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_graph_beside_larger_ones_is_as_alone(pooling: str) -> None:
    asked = pipeline(pooling)
    alone = torch.cat([probabilities(asked, [graph]) for graph in GRAPHS])
    torch.testing.assert_close(probabilities(asked, GRAPHS), alone, rtol=1e-4, atol=1e-5)


def test_hidden_states_move_with_their_nodes() -> None:
    model, graph = pipeline("mean").model, GRAPHS[0]
    order = Random(1).sample(range(6), 6)
    (row,) = graph_rows(WORDS, [graph], 9, LONGEST)
    tokens, between = torch.tensor([row.tokens]), torch.tensor(row.distances)[None]
    states = hidden(model, tokens, distances=between).states
    moved = hidden(model, tokens[:, order], distances=between[:, order][:, :, order]).states
    torch.testing.assert_close(moved, states[:, order], rtol=1e-4, atol=1e-5)


def test_what_stands_in_the_distances_of_padding_is_arbitrary() -> None:
    model = pipeline("mean").model
    batch = {name: torch.from_numpy(array) for name, array in pad_graphs(graph_rows(WORDS, GRAPHS, 9, LONGEST)).items()}
    real = batch["attention_mask"][:, :, None] & batch["attention_mask"][:, None, :]
    inputs, mask = batch["inputs"], batch["attention_mask"]
    before = model(inputs, attention_mask=mask, distances=batch["distances"])
    others = torch.where(real, batch["distances"], 3)
    torch.testing.assert_close(model(inputs, attention_mask=mask, distances=others), before)
    changed = torch.where(real & (batch["distances"] == 1), 2, batch["distances"])
    assert (model(inputs, attention_mask=mask, distances=changed) - before).abs().max() > 1e-3


def test_a_path_is_no_graph() -> None:
    with pytest.raises(UserError, match="a graph is expected, not str: read_edge_lists reads graphs from a file"):
        pipeline("mean").classify("graphs.edges")


def test_distances_are_asked_for_and_refused() -> None:
    (row,) = graph_rows(WORDS, GRAPHS[:1], 9, LONGEST)
    tokens, between = torch.tensor([row.tokens]), torch.tensor(row.distances)[None]
    with pytest.raises(ValueError, match="this model reads graphs"):
        pipeline("mean").model(tokens)
    with pytest.raises(ValueError, match="this model reads no graphs"):
        variant(architecture="encoder", position="none", vocabulary=WORDS.vocabulary)(tokens, distances=between)
