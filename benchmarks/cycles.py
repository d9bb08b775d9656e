"""Generated graphs with and without a cycle: edge lists, a training and a test part.

    python benchmarks/cycles.py --out DIR
    cutaway train graph-nano --data DIR/train.edges --out runs/cycles
    cutaway evaluate runs/cycles --data DIR/test.edges

A graph consists of one or more trees; a graph with a cycle has it in one component. Both classes have the same
numbers of nodes and edges, so counts do not separate them: a component with a cycle has one more edge, so such a
graph has one more component. Nodes are numbered at random. The script prints the accuracy of logistic regression on
the node degrees alone, fitted on the training part.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice, pairwise
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from cutaway.data.examples import Graph

NODES = (10, 24)
TREES = (1, 3)
"""Parts of a graph without a cycle; one with a cycle has one more."""
SMALLEST = 3
"""Nodes of a part: as many as the shortest cycle has."""
KINDS = ("tree", "cycle")

Edges = list[tuple[int, int]]


def make_tree(nodes: Sequence[int], rng: random.Random) -> Edges:
    """Joins every node but the first to one before it."""
    return [(rng.choice(nodes[:i]), node) for i, node in enumerate(nodes) if i]


def close(tree: Edges, nodes: Sequence[int], rng: random.Random) -> Edges:
    """Adds an edge between two nodes that have none."""
    joined = {frozenset(edge) for edge in tree}
    free = [(a, b) for a in nodes for b in nodes if a < b and frozenset((a, b)) not in joined]
    return [*tree, rng.choice(free)]


def make_graph(kind: str, rng: random.Random) -> Edges:
    """A graph of this kind, its nodes numbered at random."""
    count = rng.randint(*NODES)
    most = min(TREES[1], count // SMALLEST - 1)
    parts = rng.randint(TREES[0], most) + (kind == "cycle")
    numbers = rng.sample(range(count), count)
    spare = sorted(rng.randint(0, count - parts * SMALLEST) for _ in range(parts - 1))
    ends = [0, *(cut + SMALLEST * i for i, cut in enumerate(spare, start=1)), count]
    groups = [numbers[start:end] for start, end in pairwise(ends)]
    trees = [make_tree(group, rng) for group in groups]
    if kind == "cycle":
        chosen = rng.randrange(parts)
        trees[chosen] = close(trees[chosen], groups[chosen], rng)
    edges = list(chain(*trees))
    rng.shuffle(edges)
    return edges


def make_graphs(rng: random.Random) -> Iterator[tuple[str, Edges]]:
    """Graphs without end, of either kind in turn."""
    while True:
        for kind in KINDS:
            yield kind, make_graph(kind, rng)


def seen(edges: Edges) -> str:
    """What of a graph does not depend on the numbers of its nodes."""
    counts = Counter(chain(*edges))
    return Graph(tuple(str(counts[node]) for node in range(len(counts))), tuple(edges)).given


def write_part(path: Path, graphs: Sequence[tuple[str, Edges]]) -> None:
    blocks = ["\n".join([f"label: {kind}", *(f"{a} {b}" for a, b in edges)]) for kind, edges in graphs]
    path.write_text("\n\n".join(blocks) + "\n")


def degrees(graphs: Sequence[tuple[str, Edges]]) -> np.ndarray:
    """How many nodes of each degree a graph has, one graph a row."""
    rows = np.zeros((len(graphs), NODES[1]), np.int64)
    for row, (_, edges) in zip(rows, graphs, strict=True):
        for degree, count in Counter(Counter(chain(*edges)).values()).items():
            row[degree] = count
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the two files go")
    parser.add_argument("--train", type=int, default=6000, help="graphs to train on (default: 6000)")
    parser.add_argument("--test", type=int, default=2000, help="graphs to test with (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of all graphs (default: 0)")
    arguments = parser.parse_args()

    arguments.out.mkdir(parents=True, exist_ok=True)
    graphs = make_graphs(random.Random(arguments.seed))
    training = list(islice(graphs, arguments.train))
    known = {seen(edges) for _, edges in training}
    test: list[tuple[str, Edges]] = []
    wanted = Counter(dict.fromkeys(KINDS, arguments.test // len(KINDS)))
    while wanted.total():
        kind, edges = next(graphs)
        if wanted[kind] and seen(edges) not in known:
            test.append((kind, edges))
            wanted[kind] -= 1
    for part, some in {"train": training, "test": test}.items():
        write_part(arguments.out / f"{part}.edges", some)
    guess = LogisticRegression(max_iter=1000).fit(degrees(training), [kind for kind, _ in training])
    print(f"by degrees alone: {guess.score(degrees(test), [kind for kind, _ in test]):.1%} right")


if __name__ == "__main__":
    main()
