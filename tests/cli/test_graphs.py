"""Graphs from the command line: edge lists are learnt from, classified and measured."""

import json
import shlex
import shutil
from pathlib import Path

import pytest

from cli.command import Outcome, printed, refused, train_once
from cli.tasks import FEW, SMALL
from zoo import Zoo

RINGS = [
    f"label: ring\n{' '.join(['0', str(n - 1)])}\n" + "".join(f"{i} {i + 1}\n" for i in range(n - 1))
    for n in range(3, 13)
]
PATHS = ["label: path\n" + "".join(f"{i} {i + 1}\n" for i in range(n)) for n in range(2, 12)]
BAD = {
    "missing.edges": "label: ring\nnode: a\nnode: b\na b\nb c\n",
    "directed.edges": "label: ring\na -> b\n",
    "unlabelled.edges": "a b\n\nb c\n",
    "alike.edges": "label: ring\na b\n\nlabel: ring\na b\nb c\n",
    "unseen.edges": "label: star\na b\n",
    "hollow.edges": "label: ring\n",
    "blank.edges": "\n\n",
    "long.edges": "label: path\n" + "".join(f"{i} {i + 1}\n" for i in range(18)),
    "large.edges": "label: path\n" + "".join(f"0 {i + 1}\n" for i in range(24)),
}
CHOICES = ("graph-nano", *SMALL, FEW, "model.context=24", "train.evaluate_every=1")


def write(folder: Path) -> None:
    (folder / "graphs.edges").write_text("\n".join([*RINGS, *PATHS, "a b\nb a\n", "label: ring\na a\na b\n"]))
    for name, content in BAD.items():
        (folder / name).write_text(content)


@pytest.fixture(autouse=True)
def outcome(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """What training told; the current folder holds the run and the files."""
    words = (*CHOICES, "model.position.max_distance=15", "--data", "graphs.edges")
    folder, told = train_once(zoo, "graphs", write, {"rings": words})
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return told["rings"]


def test_what_is_told_of_the_data(outcome: Outcome) -> None:
    headline = outcome.err.splitlines()[0]
    for count in ("1 repeated edge", "1 edge from a node to itself", "1 without a label"):
        assert f", {count}" in headline
    words = shlex.split(outcome.err.splitlines()[-1].removeprefix("use it: cutaway "))
    assert len(printed(*words).splitlines()) == len(RINGS) + len(PATHS) + 2


def test_every_graph_of_a_file_gets_an_answer() -> None:
    Path("two.edges").write_text("x y\ny z\n\nlabel: ring\na b\nb c\nc a\n")
    Path("one.edges").write_text("2 3\n1 2\n")
    found = json.loads(printed("classify", "rings", "two.edges", "one.edges", "--json"))
    assert [one["id"] for one in found] == ["two.edges:1", "two.edges:2", "one.edges:1"]
    assert found[2]["probabilities"] == pytest.approx(found[0]["probabilities"], rel=1e-3), "the same path"
    assert found[1]["probabilities"] != pytest.approx(found[0]["probabilities"], rel=1e-3)
    lines = [f"{one['label']} {one['probability']:.1%}\t{one['id']}" for one in found]
    assert printed("classify", "rings", "two.edges", "one.edges").splitlines() == lines


def test_it_is_measured_on_what_was_held_out_and_on_files() -> None:
    own = json.loads(printed("evaluate", "rings", "--json"))
    assert set(own["parts"]) == {"ring", "path"}
    other = json.loads(printed("evaluate", "rings", "--data", "graphs.edges", "--json"))
    assert sum(part["support"] for part in other["parts"].values()) == len(RINGS) + len(PATHS) + 1
    assert other["figures"]["skipped (repeated edges)"] == 1


def test_labels_of_nodes_are_tokens() -> None:
    molecules = [
        f"label: {kind}\nnode: a {kind[0]}\nnode: b C\nnode: c {'HN'[i % 2]}\na b\nb c\n"
        for i in range(8)
        for kind in ("oxide", "nitride")
    ]
    Path("molecules.edges").write_text("\n".join(molecules))
    printed("train", *CHOICES, "--data", "molecules.edges", "--out", "new")
    Path("unknown.edges").write_text("node: a o\nnode: b Au\na b\n")
    assert json.loads(printed("classify", "new", "unknown.edges", "--json"))[0]["label"] in ("oxide", "nitride")


def test_another_encoder_learns_graphs_if_it_is_told_to() -> None:
    words = ("bert-nano", "--task", "graph-classification", *SMALL, FEW, "--data", "graphs.edges", "--out", "new")
    printed("train", *words, "tokenizer=word")
    assert json.loads(printed("evaluate", "new", "--json"))["figures"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("train CHOICES --data missing.edges", "missing.edges, line 5: the node 'c' is missing: declare it too"),
        ("train CHOICES --data directed.edges", "directed.edges, line 2: an edge is two nodes, such as 'a b'"),
        ("train CHOICES --data unlabelled.edges", "unlabelled.edges holds no examples (2 without a label)"),
        ("train CHOICES --data hollow.edges", "hollow.edges holds no examples (1 graph without nodes)"),
        ("train CHOICES --data blank.edges", "blank.edges holds no examples (it is empty)"),
        ("train CHOICES --data alike.edges data.validation=0", "alike.edges has one label only, 'ring'"),
        ("train CHOICES --data graphs.edges model.context=9", "has 12 nodes, but the model takes 9 (model.context)"),
        (
            "train CHOICES --data graphs.edges model.position.max_distance=4",
            "nodes 11 edges apart, but the model has 4 (model.position.max_distance) at most",
        ),
        (
            "train CHOICES --data graphs.edges model.position=learned",
            "needs shortest_path positions, but model.position",
        ),
        ("train CHOICES --data graphs.edges data.target=kind", "data.target has no effect in the task graph_classific"),
        ("train CHOICES --data graphs.edges tokenizer=bpe tokenizer.vocabulary=257", "write tokenizer=word"),
        ("train CHOICES --task sequence-classification --data graphs.edges", "shortest_path positions are for graphs"),
        ("classify rings nowhere.edges", "cannot read nowhere.edges: No such file or directory"),
        ("classify rings missing.edges", "missing.edges, line 5: the node 'c' is missing"),
        ("classify rings blank.edges", "blank.edges has no inputs"),
        ("classify rings long.edges", "the graph has nodes 18 edges apart, but the model has 15"),
        ("classify rings graphs.edges large.edges", "graph 23 has 25 nodes, but the model takes 24"),
        ("evaluate rings --data unseen.edges", "'star' is not a class of this model"),
        (
            "embed rings graphs.edges",
            "this model cannot embed: it was trained for graph_classification, and can classify",
        ),
    ],
)
def test_mistakes_are_one_line(words: str, line: str) -> None:
    given = words.split()
    if "CHOICES" in given:
        given[1:2] = CHOICES
        given += ["--out", "new"]
    assert line in refused(*given)
    assert not Path("new/run.yaml").exists()
