import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.config.data import DataConfig
from cutaway.data.collect import collect_examples
from cutaway.data.example_store import open_examples
from cutaway.data.examples import Graph, LabelledText, Pair, Question, Tagged
from cutaway.data.graphs.edge_lists import read_graphs
from cutaway.data.held_out import hold_out
from cutaway.data.label_folders import files_by_label
from cutaway.data.tables.conll import read_conll
from cutaway.data.tables.labelled_texts import read_labelled
from cutaway.data.tables.squad import read_squad
from cutaway.data.tables.text_pairs import read_pairs
from cutaway.errors import JobError, UserError

PAIRS = "".join(f"source {i} \u2028\ttarget {i}\n" for i in range(30)) + "\t\n"
LABELLED = "".join(f"text {i}\t{i // 15}\n" for i in range(30)) + "text\t\n"
GRAPHS = "".join(f"label: {i // 15}\nnode: a {i}\nnode: b x\na b\n\n" for i in range(30)) + "node: a 0\n"
TAGGED = "-DOCSTART- O\n\n" + "".join(f"word O\n{i} B-number\n\n" for i in range(30))
QUESTIONS = json.dumps(
    {
        "data": [
            {
                "paragraphs": [
                    {
                        "context": f"It is {i // 2}.",
                        "qas": [
                            {"id": i, "question": "What?", "answers": [{"text": str(i // 2), "answer_start": 6}] * 2},
                            *([] if i else [{"id": "x", "question": "Why?"}]),
                        ],
                    }
                    for i in range(30)
                ]
            }
        ]
    }
)
KINDS = [
    (Pair, PAIRS, {"empty": 1}),
    (LabelledText, LABELLED, {"without a label": 1}),
    (Graph, GRAPHS, {"without a label": 1}),
    (Tagged, TAGGED, {"document marks": 1}),
    (Question, QUESTIONS, {"unanswerable": 1}),
]
READERS = {Pair: read_pairs, LabelledText: read_labelled, Graph: read_graphs, Tagged: read_conll, Question: read_squad}
EACH_KIND = pytest.mark.parametrize(("kind", "content", "skipped"), KINDS, ids=[kind.__name__ for kind, *_ in KINDS])


def written(path: Path, content: str) -> str:
    path.write_text(content)
    return str(path)


def refusal(folder: Path, kind: type[Any], content: str, **data: Any) -> str:
    with pytest.raises(UserError) as caught:
        collect_examples(
            kind, READERS[kind], DataConfig(path=written(folder / "a", content), **data), folder / "out", 0
        )
    assert "\n" not in str(caught.value)
    assert not (folder / "out").exists()
    return str(caught.value)


@EACH_KIND
def test_what_was_collected_is_opened_without_its_file(
    tmp_path: Path, kind: type[Any], content: str, skipped: dict[str, int]
) -> None:
    data = DataConfig(path=written(tmp_path / "a", content), validation=0.2)
    first = collect_examples(kind, READERS[kind], data, tmp_path / "out", 3)
    (tmp_path / "a").unlink()
    assert first == open_examples(tmp_path / "out", kind)
    assert first == collect_examples(kind, READERS[kind], data, tmp_path / "out", 3)
    assert (len(first.training), len(first.validation)) == (24, 6)
    assert {type(example) for example in first.training + first.validation} == {kind}
    assert first.skipped == skipped


@EACH_KIND
def test_examples_may_come_with_others_to_validate_with(
    tmp_path: Path, kind: type[Any], content: str, skipped: dict[str, int]
) -> None:
    path = written(tmp_path / "a", content)
    found = collect_examples(kind, READERS[kind], DataConfig(path=path, validation_path=path), tmp_path / "out", 0)
    assert found.training == found.validation
    assert len(found.training) == 30
    assert found.skipped == {reason: 2 * count for reason, count in skipped.items()}


def test_nothing_is_held_out_unasked(tmp_path: Path) -> None:
    data = DataConfig(path=written(tmp_path / "a", "a\tb\n"), validation=0)
    found = collect_examples(Pair, read_pairs, data, tmp_path / "out", 0)
    assert (found.training, found.validation) == ([Pair("a", "b")], [])


@given(
    texts=st.lists(st.sampled_from("abcdefg"), min_size=2, max_size=40).filter(lambda texts: len(set(texts)) > 1),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 9),
)
def test_the_parts_share_no_text_and_lose_none(texts: list[str], share: float, seed: int) -> None:
    examples = [Pair(text, str(number)) for number, text in enumerate(texts)]
    training, validation = hold_out(examples, share, seed, "a")
    assert training
    assert validation
    assert not {pair.source for pair in training} & {pair.source for pair in validation}
    assert Counter(training + validation) == Counter(examples)
    for part in (training, validation):
        assert part == sorted(part, key=lambda pair: int(pair.target))
    assert len(validation) <= max(round(share * len(texts)), min(Counter(texts).values()))
    assert (training, validation) == hold_out(examples, share, seed, "a")


def test_graphs_stay_together_however_their_nodes_are_numbered() -> None:
    paths = [Graph(("1", "2", "1"), edges, ("path",)) for edges in (((0, 1), (1, 2)),)]
    paths += [Graph(("2", "1", "1"), ((0, 1), (0, 2)), ("path",)), Graph(("1", "1", "2"), ((0, 2), (1, 2)), ("path",))]
    rings = [Graph(("2",) * size, tuple((i, i + 1) for i in range(size - 1)), ("ring",)) for size in (3, 4)]
    for seed in range(9):
        training, validation = hold_out([*paths, *rings], 0.5, seed, "a")
        assert sum(graph in training for graph in paths) in (0, 3)
        assert validation


@given(
    labels=st.lists(st.frozensets(st.sampled_from("abcdef"), max_size=2), min_size=2, max_size=30),
    texts=st.lists(st.integers(0, 20), min_size=30, max_size=30),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 9),
)
def test_no_label_is_held_out_wholly(labels: list[frozenset[str]], texts: list[int], share: float, seed: int) -> None:
    examples = [LabelledText(str(text), tuple(sorted(some))) for text, some in zip(texts, labels, strict=False)]
    known = {label for one in examples for label in one.labels}
    groups = [
        {label for one in examples if one.text == text for label in one.labels}
        for text in {one.text for one in examples}
    ]
    rare = {label for label in known if sum(label in some for some in groups) == 1}
    if len(groups) < 2 or all(some & rare for some in groups):
        with pytest.raises(UserError, match=r"holds one text only|has a label that no other has"):
            hold_out(examples, share, seed, "a", lambda one: one.labels)
        return
    training, validation = hold_out(examples, share, seed, "a", lambda one: one.labels)
    assert known == {label for one in training for label in one.labels}
    assert validation
    assert Counter(training + validation) == Counter(examples)


def test_a_split_that_would_lose_labels_says_so(tmp_path: Path) -> None:
    examples = [LabelledText(str(i), (str(i),)) for i in range(5)]
    with pytest.raises(
        UserError, match=r"a has a label that no other has \(5 inputs, 5 labels\), .*data\.validation=0"
    ):
        hold_out(examples, 0.1, 0, "a", lambda one: one.labels)
    common = [*examples, LabelledText("5", ("0",))]
    assert {hold_out(common, 0.1, seed, "a", lambda one: one.labels)[1][0].text for seed in range(9)} == {"0", "5"}


def test_a_folder_with_splits_is_split_by_them(tmp_path: Path) -> None:
    for name in ("train/b/1", "train/b/2", "train/a/3", "val/a/4", "test/a/5", "test/b/6"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text("")

    def read(path: Path, data: DataConfig, skipped: Counter[str]) -> Any:
        return (LabelledText(file.name, (label,)) for file, label in files_by_label(path, ("",), skipped))

    found = collect_examples(LabelledText, read, DataConfig(path=str(tmp_path / "data")), tmp_path / "out", 0)
    assert [one.text for one in found.training] == ["3", "1", "2"]
    assert found.validation == [LabelledText("4", ("a",))]
    assert found.skipped == {"in test/, left for an evaluation": 2}
    chosen = DataConfig(path=str(tmp_path / "data"), validation_path=str(tmp_path / "data" / "test"))
    found = collect_examples(LabelledText, read, chosen, tmp_path / "other", 0)
    assert (len(found.training), [one.text for one in found.validation]) == (3, ["5", "6"])
    assert not found.skipped


def test_examples_are_checked_before_any_is_held_out(tmp_path: Path) -> None:
    def check(examples: Any) -> None:
        raise UserError(f"{len(examples)} are wrong")

    data = DataConfig(path=written(tmp_path / "a", PAIRS))
    with pytest.raises(UserError, match="30 are wrong"):
        collect_examples(Pair, read_pairs, data, tmp_path / "out", 0, check=check)
    assert not (tmp_path / "out").exists()


def test_what_is_held_out_is_drawn_from_everywhere() -> None:
    examples = [LabelledText(str(number), ()) for number in range(400)]
    held_out = [[int(one.text) for one in hold_out(examples, 0.1, seed, "a")[1]] for seed in (0, 1)]
    assert held_out[0] != held_out[1]
    for numbers in held_out:
        assert len(numbers) == 40
        assert 100 < sum(numbers) / 40 < 300


def test_too_few_examples_are_refused(tmp_path: Path) -> None:
    assert "holds no examples (it is empty)" in refusal(tmp_path, Tagged, "\n")
    assert "holds no examples (2 empty, 1 without a label)" in refusal(tmp_path, LabelledText, "\t1\n\nx\t\n")
    assert "holds one text only (examples: 3)" in refusal(tmp_path, Pair, "a\t1\n" * 3)
    assert "data.validation_path" in refusal(tmp_path, Pair, "a\t1\n")
    empty = written(tmp_path / "b", "")
    assert "b holds no examples" in refusal(tmp_path, Pair, PAIRS, validation_path=empty)


def test_other_examples_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    data, out = DataConfig(path=written(tmp_path / "a", PAIRS)), tmp_path / "out"
    collect_examples(Pair, read_pairs, data, out, 0)
    before = {path: path.read_bytes() for path in out.rglob("*.*")}
    with pytest.raises(UserError, match="holds examples with seed 0, not 1: choose another folder"):
        collect_examples(Pair, read_pairs, data, out, 1)
    with pytest.raises(UserError, match="holds examples with kind Pair, not LabelledText"):
        collect_examples(LabelledText, read_labelled, data, out, 0)
    with pytest.raises(UserError, match="of the kind Pair, not Tagged"):
        open_examples(out, Tagged)
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before
    with pytest.raises(JobError, match="cannot make the folder"):
        collect_examples(Pair, read_pairs, data, tmp_path / "a", 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read .*training.jsonl"),
        ('{"source": "a", "target": "b"}\n{"source"', "training.jsonl, line 2 is damaged"),
        ('{"source": "a", "target": "b"}\n', "not those of its manifest"),
    ],
)
def test_damage_is_named(tmp_path: Path, content: str | None, said: str) -> None:
    collect_examples(Pair, read_pairs, DataConfig(path=written(tmp_path / "a", PAIRS)), tmp_path / "out", 0)
    path = tmp_path / "out" / "examples" / "training.jsonl"
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with pytest.raises(UserError, match=said) as caught:
        open_examples(tmp_path / "out", Pair)
    assert "\n" not in str(caught.value)
