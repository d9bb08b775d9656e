"""Graphs as tokens and distances; what is too large for a model is told with its number."""

import numpy as np
import pytest

from cutaway.config.tokenizer import CharTokenizer, WordTokenizer
from cutaway.data.examples import Graph
from cutaway.data.graphs.distances import UNREACHABLE, shortest_paths
from cutaway.errors import UserError
from cutaway.tasks.graph_classification.task import ShownGraph, graph_rows, pad_graphs
from cutaway.text.training import train_tokenizer

WORDS = train_tokenizer(WordTokenizer(), ["carbon iron 1 2 3"])
PATH = Graph(("1", "2", "2", "1"), ((0, 1), (1, 2), (2, 3)))
METAL = Graph(("iron", "carbon"), ((0, 1),))
APART = Graph(("carbon", "gold", "iron"), ())


def test_a_node_is_a_token_and_a_label_never_seen_is_unknown() -> None:
    path, metal, apart = graph_rows(WORDS, [PATH, METAL, APART], most=4, longest=3)
    assert WORDS.pieces(path.tokens) == ["1", "2", "2", "1"]
    assert WORDS.pieces(metal.tokens) == ["iron", "carbon"]
    assert WORDS.pieces(apart.tokens) == ["carbon", "[UNK]", "iron"]
    for graph, row in ((PATH, path), (METAL, metal), (APART, apart)):
        assert len(row) == len(graph.nodes)
        assert (row.distances == shortest_paths(len(graph.nodes), graph.edges)).all()


def test_graphs_are_filled_up_and_what_is_real_is_marked() -> None:
    rows = graph_rows(WORDS, [METAL, PATH, APART], most=4, longest=3)
    padded = pad_graphs(rows)
    assert list(padded) == ["inputs", "attention_mask", "distances"]
    assert padded["attention_mask"].sum(axis=1).tolist() == [2, 4, 3]
    for tokens, between, row in zip(padded["inputs"], padded["distances"], rows, strict=True):
        count = len(row)
        assert tokens[:count].tolist() == row.tokens
        assert (between[:count, :count] == row.distances).all()
        assert (between[count:] == UNREACHABLE).all()
        assert (between[:, count:] == UNREACHABLE).all()


def test_graphs_of_one_size_need_no_mask() -> None:
    assert list(pad_graphs(graph_rows(WORDS, [PATH, PATH], most=4, longest=3))) == ["inputs", "distances"]


@pytest.mark.parametrize(
    ("most", "longest", "said"),
    [
        (3, 9, r"graph 2 has 4 nodes, but the model takes 3 \(model\.context\) at most"),
        (9, 2, r"graph 2 has nodes 3 edges apart, but the model has 2 \(model\.position\.max_distance\) at most"),
    ],
)
def test_the_largest_graph_says_what_it_would_need(most: int, longest: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        graph_rows(WORDS, [METAL, PATH, APART], most, longest)
    with pytest.raises(UserError, match=said.replace("graph 2", "the graph")):
        graph_rows(WORDS, [PATH], most, longest)


def test_a_node_of_several_tokens_is_refused() -> None:
    letters = train_tokenizer(CharTokenizer(), [], alphabet="carbonium")
    with pytest.raises(UserError, match="the node 'carbon' becomes 6 tokens, not one: write tokenizer=word"):
        graph_rows(letters, [Graph(("c", "carbon"), ())], most=4, longest=3)
    with pytest.raises(UserError, match=r"the node '\[UNK\]' becomes 2 tokens"):
        graph_rows(WORDS, [Graph(("[UNK]",), ())], most=4, longest=3)


def test_no_graphs_are_no_rows() -> None:
    assert graph_rows(WORDS, [], most=1, longest=1) == []


def test_rows_are_the_size_of_their_graph() -> None:
    assert len(ShownGraph([1, 2, 3], np.zeros((3, 3), np.int64))) == 3
