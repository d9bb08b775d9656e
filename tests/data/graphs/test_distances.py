from collections import deque
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data.graphs.distances import UNREACHABLE, shortest_paths
from support import require_module

Edges = list[tuple[int, int]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, Edges]:
    nodes = draw(st.integers(1, 9))
    pair = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    return nodes, draw(st.lists(pair, max_size=12))


@given(graphs())
def test_distances_are_those_of_a_search_from_every_node(graph: tuple[int, Edges]) -> None:
    nodes, edges = graph
    found = shortest_paths(nodes, edges)
    assert found.dtype == np.int64
    assert found.tolist() == [search(nodes, edges, start) for start in range(nodes)]


def search(nodes: int, edges: Edges, start: int) -> list[int]:
    """Breadth first, by the book."""
    distances = [UNREACHABLE] * nodes
    distances[start] = 0
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for edge in edges:
            for one, other in (edge, edge[::-1]):
                if one == here and distances[other] == UNREACHABLE:
                    distances[other] = distances[here] + 1
                    waiting.append(other)
    return distances


@given(graphs(), st.randoms())
def test_relabelling_the_nodes_relabels_the_distances(graph: tuple[int, Edges], random: Random) -> None:
    nodes, edges = graph
    new = random.sample(range(nodes), nodes)
    relabelled = shortest_paths(nodes, [(new[one], new[other]) for one, other in edges])
    assert (relabelled[np.ix_(new, new)] == shortest_paths(nodes, edges)).all()


def test_the_longest_path_is_measured_and_a_ring_is_gone_round_the_shorter_way() -> None:
    path = [(i, i + 1) for i in range(30)]
    assert shortest_paths(31, path)[0].tolist() == list(range(31))
    assert shortest_paths(31, [*path, (30, 0)])[0].tolist() == [min(i, 31 - i) for i in range(31)]


def test_one_node_and_none() -> None:
    assert shortest_paths(1, []).tolist() == [[0]]
    assert shortest_paths(1, [(0, 0)]).tolist() == [[0]]
    assert shortest_paths(0, []).shape == (0, 0)
    assert shortest_paths(2, []).tolist() == [[0, UNREACHABLE], [UNREACHABLE, 0]]


@given(graphs())
def test_scipy_agrees(graph: tuple[int, Edges]) -> None:
    nodes, edges = graph
    csgraph = require_module("scipy.sparse.csgraph")
    adjacency = np.zeros((nodes, nodes))
    for one, other in edges:
        adjacency[one, other] = adjacency[other, one] = one != other
    theirs = csgraph.shortest_path(adjacency, directed=False, unweighted=True)
    assert (np.where(np.isinf(theirs), UNREACHABLE, theirs) == shortest_paths(nodes, edges)).all()
