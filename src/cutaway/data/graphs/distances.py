"""Distances between the nodes of a graph."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

UNREACHABLE = -1
"""The distance of two unconnected nodes."""


def shortest_paths(nodes: int, edges: Sequence[tuple[int, int]]) -> Int64[np.ndarray, "N N"]:
    """The length of the shortest path between every two nodes (Floyd 1962, "Algorithm 97: Shortest path").

    Args:
        nodes: N; they are numbered from 0.
        edges: pairs of nodes, without direction.
    """
    distances = np.full((nodes, nodes), nodes, np.int64)  # longer than any path
    for first, second in edges:
        distances[first, second] = distances[second, first] = 1
    np.fill_diagonal(distances, 0)
    for via in range(nodes):
        np.minimum(distances, distances[:, via, None] + distances[via], out=distances)
    distances[distances >= nodes] = UNREACHABLE
    return distances
