"""How far apart the nodes of a graph are."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

UNREACHABLE = -1
"""Stands for the distance of two nodes that no path joins."""


def shortest_paths(nodes: int, edges: Sequence[tuple[int, int]]) -> Int64[np.ndarray, "N N"]:
    """The number of edges on the shortest path between every two nodes (Floyd 1962, "Algorithm 97: Shortest path").

    Args:
        nodes: N, numbered from 0 on.
        edges: pairs of nodes, in either direction.
    """
    distances = np.full((nodes, nodes), nodes, np.int64)  # longer than any path
    for first, second in edges:
        distances[first, second] = distances[second, first] = 1
    np.fill_diagonal(distances, 0)
    for via in range(nodes):
        np.minimum(distances, distances[:, via, None] + distances[via], out=distances)
    distances[distances >= nodes] = UNREACHABLE
    return distances
