import gzip
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.data.examples import Graph
from cutaway.data.graphs.edge_lists import read_edge_lists
from cutaway.errors import UserError

Names = dict[str, str]
Drawn = tuple[Names, list[tuple[str, str]], list[str]]


def read(path: Path, content: str) -> tuple[list[Graph], Counter[str]]:
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    skipped: Counter[str] = Counter()
    return list(read_edge_lists(path, skipped)), skipped


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    """Nodes with their labels, edges between them, and labels of the whole."""
    anything = st.characters(codec="utf-8", exclude_categories=("Z", "C"), exclude_characters=":")
    word = st.text(anything, min_size=1).filter(lambda word: word[0] not in "#%")
    nodes = draw(st.dictionaries(word, st.sampled_from(["C", "N", "O"]), min_size=1, max_size=6))
    pairs = [(one, other) for one in nodes for other in nodes if one < other]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return nodes, edges, draw(st.lists(st.sampled_from(["ring", "a tree", "big"]), unique=True))


def written(graph: Drawn, random: Random) -> str:
    """A graph as a person may write it, in any order and direction, with comments between."""
    nodes, edges, labels = graph
    lines = [
        *(f"node: {name} {label}" for name, label in nodes.items()),
        *(f"{one} \t{other} # bond" for one, other in (pair[:: random.choice([1, -1])] for pair in edges)),
        "# a comment",
    ]
    random.shuffle(lines)
    return "".join(f"{line}\n" for line in [*(f"label: {label} " for label in labels), *lines])


@settings(max_examples=30)
@given(
    graphs=st.lists(drawn(), min_size=1),
    random=st.randoms(use_true_random=False),
    gap=st.sampled_from(["\n", " \r\n\n"]),
)
@pytest.mark.parametrize("name", ["a.edges", "a.edges.gz"])
def test_graphs_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, name: str, graphs: list[Drawn], random: Random, gap: str
) -> None:
    path = tmp_path_factory.mktemp("a") / name
    found, skipped = read(path, gap.join(written(graph, random) for graph in graphs))
    assert [one.labels for one in found] == [tuple(labels) for _, _, labels in graphs]
    for one, (nodes, edges, labels) in zip(found, graphs, strict=True):
        number = {name: i for i, name in enumerate(nodes)}
        same = Graph(tuple(nodes.values()), tuple((number[a], number[b]) for a, b in edges), tuple(labels))
        assert one.given == same.given
    assert not skipped


def test_nodes_are_numbered_as_they_come(tmp_path: Path) -> None:
    (graph,), _ = read(tmp_path / "a", "b a\nnode: a C\nnode: c N\nc b\nnode: b O\n")
    assert graph == Graph(("C", "N", "O"), ((0, 2), (1, 2)))


def test_a_plain_edge_list_is_one_graph_whose_nodes_are_their_degrees(tmp_path: Path) -> None:
    (graph,), skipped = read(tmp_path / "a", "# from elsewhere\n1 2\n2 3\n3 1\n3 4\n")
    assert graph == Graph(("2", "2", "3", "1"), ((0, 1), (1, 2), (0, 2), (2, 3)))
    assert not skipped


def test_a_node_may_stand_alone(tmp_path: Path) -> None:
    (graph,), _ = read(tmp_path / "a", "label: dots\nnode: a\nnode: b\n")
    assert graph == Graph(("0", "0"), (), ("dots",))


def test_what_changes_no_path_is_dropped_and_counted(tmp_path: Path) -> None:
    content = "a b\nb a\na b\na a\n\nlabel: nothing\n\n# a comment\n\nnode: x\nx x\n"
    found, skipped = read(tmp_path / "a", content)
    assert found == [Graph(("1", "1"), ((0, 1),)), Graph(("0",), ())]
    assert skipped == {"repeated edges": 2, "edges from a node to itself": 2, "graphs without nodes": 1}


def test_a_comment_begins_at_the_start_of_a_line_or_after_white_space(tmp_path: Path) -> None:
    content = "#1 2\n%1 2\nlabel: C# or F\t# a class\nhttp://x#a b%20c\t#a\nb%20c c#\n  # b b\n"
    (graph,), skipped = read(tmp_path / "a", content)
    assert graph == Graph(("1", "2", "1"), ((0, 1), (1, 2)), ("C# or F",))
    assert not skipped


@pytest.mark.parametrize("header", ["source target", "Source\tTarget", "# a comment\nfrom to", "person friend"])
def test_a_header_is_no_edge(tmp_path: Path, header: str) -> None:
    ring = "1 2\n2 3\n3 1\n"
    found, skipped = read(tmp_path / "a", f"label: a\n{header}\n{ring}\nlabel: a\n{ring}\n{header}\n{ring}")
    assert found[0] == Graph(("2", "2", "2"), ((0, 1), (1, 2), (0, 2)), ("a",))
    assert found[1] == found[0]
    assert skipped == {"headers": 2}


def test_a_header_is_none_of_the_nodes(tmp_path: Path) -> None:
    declared = "node: 1 C\nnode: 2 C\nsource target\n1 2\n"
    (graph,), _ = read(tmp_path / "a", declared)
    assert graph == Graph(("C", "C"), ((0, 1),))
    kept = {"source target\ntarget sink\n": 2, "node: from\nnode: to\nfrom to\n": 1, "a b\n1 c\n": 2, "a b\n": 1}
    for content, edges in kept.items():
        found, skipped = read(tmp_path / "a", content)
        assert sum(len(graph.edges) for graph in found) == edges
        assert not skipped


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a b\n\nnode: a\nnode: b\na b\na c\n", "line 6: the node 'c' is missing: declare it too, by a line node: c"),
        ("c a\nnode: a\n", "line 1: the node 'c' is missing"),
        ("node: a\nnode: a C\n", "line 2: the node 'a' is declared twice"),
        ("node: a C\nnode: b\n", "line 2: some nodes have labels and others have none"),
        ("a b\n\nnode: a C\n", "line 3: some nodes have labels and others have none"),
        ("a b\na b c\n", "line 2: an edge is two nodes, such as 'a b', not 'a b c'"),
        ("a -> b\n", "line 1: an edge is two nodes"),
        ("a\n", "line 1: an edge is two nodes"),
        ("labl: ring\n", "line 1: there is no 'labl:'; did you mean 'label:'"),
        ("label:\n", "line 1: write label: CLASS"),
        ("node: # a\n", "line 1: write label: CLASS, node: NAME or node: NAME LABEL, not"),
        ("node: a very long label\n", "line 1: write label: CLASS"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(UserError, match=f"a.edges, {said}") as caught:
        read(tmp_path / "a.edges", content)
    assert "\n" not in str(caught.value)


def test_numbering_changes_nothing_of_what_a_model_is_shown() -> None:
    square = ((0, 1), (1, 2), (2, 3), (0, 3))
    ring, turned = Graph(("C", "C", "N", "O"), square), Graph(("N", "O", "C", "C"), square)
    crossed, path = Graph(("C", "N", "C", "O"), square), Graph(("C", "C", "N", "O"), square[:-1])
    assert turned.given == ring.given
    assert len({ring.given, crossed.given, path.given}) == 3
