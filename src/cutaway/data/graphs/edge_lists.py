"""Graphs as plain text: blocks of lines separated by blank lines, one graph per block.

    label: ring         the class of the graph, if known; one line per class if there are several
    node: a carbon      a node and its label; or a node alone, which may be unconnected
    node: b carbon
    a b                 an edge between two nodes
    # …                 a comment, also at the end of a line, after white space; a line that begins with % is one too

An edge list of other programs, with `a b` in every line, is such a file with one graph. Its first line may be a header.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.examples import Graph
from cutaway.data.labels import labels_of
from cutaway.data.readers import format_of, read_lines
from cutaway.data.seen import Seen
from cutaway.errors import UserError, nearest, quoted

ENDINGS = (".edges", ".edgelist", ".graphs")
KEYS = ("label:", "node:")
COMMENT = re.compile(r"(^|\s)#.*|^\s*%.*")
"""Within a word, both characters are part of the word, as in an address."""
HEADERS = {"source target", "src dst", "from to", "fromnodeid tonodeid", "node1 node2", "id1 id2", "id_1 id_2"}
"""Headers of edge lists, in lower case."""


def recognise_graphs(path: Path, data: DataConfig) -> Seen | None:
    """Graphs, by the ending."""
    return Seen(("graphs",), f"{path.name}: graphs") if format_of(path) in ENDINGS else None


def read_graphs(path: Path, data: DataConfig, skipped: Counter[str], *, are_numbers: bool = False) -> Iterator[Graph]:
    """The labelled graphs of a file; others are skipped and counted. With `are_numbers`, labels are finite numbers.

    Raises:
        UserError: for the reasons given in `read_edge_lists`, or a label is not a finite number.
    """
    for number, graph in enumerate(read_edge_lists(path, skipped), start=1):
        if (
            labels_of(list(graph.labels) or None, f"{path}, graph {number}", skipped, are_numbers=are_numbers)
            is not None
        ):
            yield graph


def read_edge_lists(path: Path, skipped: Counter[str]) -> Iterator[Graph]:
    """The graphs of a file.

    Edges have no direction: `b a` repeats `a b`. Repeated edges and loops do not change any path: they are dropped and
    counted. Graphs without nodes are skipped and counted, and so are headers: a first edge whose nodes are in no other
    line, if it consists of usual names (`source target`) or if all other nodes are integers. A graph that declares a
    node must declare all nodes of its edges. Nodes without labels are labelled by their degrees (see `Graph`).

    Raises:
        UserError: while reading: a line is not an edge, a label or a node; an edge has an undeclared node; a node is
            declared twice; or only some nodes of the file have labels; says in which line.
    """
    numbered = enumerate(read_lines(path), start=1)
    are_labelled: bool | None = None
    for is_graph, lines in groupby(numbered, key=lambda line: bool(line[1].strip())):
        draft = _read_block(path, lines, skipped) if is_graph else _Draft()
        for place, label in draft.nodes.values():
            if are_labelled not in (None, bool(label)):
                raise UserError(f"{place}: some nodes have labels and others have none: label all in the file, or none")
            are_labelled = bool(label)
        if draft.nodes:
            yield draft.graph(skipped)
        elif draft.labels:
            skipped["graphs without nodes"] += 1


@dataclass
class _Draft:
    """The lines of a graph, each with its location."""

    labels: list[str] = field(default_factory=list)
    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By name, the location and the label, which may be empty."""
    edges: list[tuple[str, str, str]] = field(default_factory=list)

    def graph(self, skipped: Counter[str]) -> Graph:
        """The graph, and what was dropped."""
        number = {name: i for i, name in enumerate(self.nodes)}
        ends = [(number[first], number[second]) for _, first, second in self.edges]
        different = [(min(pair), max(pair)) for pair in ends if pair[0] != pair[1]]
        edges = tuple(dict.fromkeys(different))
        dropped = {
            "edges from a node to itself": len(ends) - len(different),
            "repeated edges": len(different) - len(edges),
        }
        skipped.update({what: count for what, count in dropped.items() if count})
        degrees = Counter(chain(*edges))
        nodes = tuple(label or str(degrees[i]) for i, (_, label) in enumerate(self.nodes.values()))
        return Graph(nodes, edges, tuple(self.labels))


def _read_block(path: Path, lines: Iterable[tuple[int, str]], skipped: Counter[str]) -> _Draft:
    draft = _Draft()
    for number, line in lines:
        place = f"{path}, line {number}"
        content = COMMENT.sub("", line)
        match content.split():
            case []:
                pass
            case ["label:", _, *_]:
                draft.labels.append(content.split(maxsplit=1)[1].strip())
            case ["node:", name, *label] if len(label) < 2:
                if name in draft.nodes:
                    raise UserError(f"{place}: the node {quoted(name)} is declared twice: take one out")
                draft.nodes[name] = place, label[0] if label else ""
            case ["label:" | "node:", *_]:
                raise UserError(
                    f"{place}: write label: CLASS, node: NAME or node: NAME LABEL, not {quoted(line.strip())}"
                )
            case [key, *_] if key.endswith(":"):
                raise UserError(f"{place}: there is no {quoted(key)}; {nearest(key, KEYS)}")
            case [first, second]:
                draft.edges.append((place, first, second))
            case _:
                raise UserError(f"{place}: an edge is two nodes, such as 'a b', not {quoted(line.strip())}")
    if _begins_with_header(draft):
        del draft.edges[0]
        skipped["headers"] += 1
    return _complete(draft)


def _begins_with_header(draft: _Draft) -> bool:
    if not draft.edges:
        return False
    (_, *words), *edges = draft.edges
    others = {name for _, *ends in edges for name in ends} | set(draft.nodes)
    if not others.isdisjoint(words):
        return False
    is_named = " ".join(words).lower() in HEADERS
    return is_named or (bool(others) and all(map(str.isdecimal, others)) and not any(map(str.isdecimal, words)))


def _complete(draft: _Draft) -> _Draft:
    """Adds the nodes of the edges of a graph that declares none."""
    is_declared = bool(draft.nodes)
    for place, *ends in draft.edges:
        for name in ends:
            if is_declared and name not in draft.nodes:
                raise UserError(f"{place}: the node {quoted(name)} is missing: declare it too, by a line node: {name}")
            draft.nodes.setdefault(name, (place, ""))
    return draft
