"""Tasks on files of examples."""

from pathlib import Path

import pytest

from cutaway.config.reading import override
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.tasks.task import task_of


@pytest.mark.parametrize(
    ("kind", "content", "label"),
    [("sequence_classification", "a\tx\nb\tx\n", "x"), ("token_classification", "a O\nb O\n", "O")],
)
def test_examples_with_one_label_only_are_rejected_and_leave_nothing(
    kind: str, content: str, label: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text(content)
    config = override(RunConfig(), [f"task={kind}", f"data.path={tmp_path / 'a'}", "data.validation=0"])
    with pytest.raises(UserError, match=f"has one label only, '{label}': there is nothing to choose between"):
        task_of(config).prepare(tmp_path / "out", lambda done, total: None)
    assert not (tmp_path / "out").exists()


def prepared(path: Path, content: str, *choices: str, task: str = "sequence_classification") -> str:
    path.write_text(content)
    head = "token" if task == "token_classification" else "sequence"
    config = override(
        RunConfig(), [f"task={task}", f"data.path={path}", "model.context=64", f"model.head={head}", *choices]
    )
    return task_of(config).prepare(path.parent / "out", lambda done, total: None).amount


FILMS = [(f"film {i}", "good" if i % 2 else "bad") for i in range(20)]


@pytest.mark.parametrize("count", [3, 5001])
def test_swapped_columns_are_asked_for(count: int, tmp_path: Path) -> None:
    swapped = "".join(f"{'good' if i % 2 else 'bad'}\tfilm {i} {'x' * 200}\n" for i in range(count))
    with pytest.raises(UserError, match=r"for [0-9,]+ inputs of which 2 differ: are the columns swapped\?") as caught:
        prepared(tmp_path / "a.tsv", swapped)
    assert f"a.tsv has {count:,} labels, such as 'film 0 xxx" in str(caught.value)
    assert len(str(caught.value)) < 600
    assert not (tmp_path / "out").exists()


def test_more_labels_than_can_be_learnt_are_questioned(tmp_path: Path) -> None:
    texts = "".join(f"film {i}\t{i}\n" for i in range(30))
    with pytest.raises(UserError, match="30 labels, such as '0' and '1', for 30 inputs: are"):
        prepared(tmp_path / "a.tsv", texts)
    labels = f"task.labels=[{', '.join(map(str, range(30)))}]"
    assert "30 examples" in prepared(tmp_path / "a.tsv", texts, labels, "data.validation=0")
    (tmp_path / "b").mkdir()
    tags = "".join(f"O word{i}\n" for i in range(30))
    with pytest.raises(UserError, match=r"30 labels.*the word is in the first column, and its tag in the last"):
        prepared(tmp_path / "b" / "b.conll", tags, task="token_classification")


def test_numbers_are_no_labels_that_could_be_too_many(tmp_path: Path) -> None:
    values = "".join(f"film {i}\t{i}\n" for i in range(30))
    assert prepared(tmp_path / "a.tsv", values, "task.problem=regression") == "27 examples, 3 to validate with"


def test_a_rare_tag_is_trained_on(tmp_path: Path) -> None:
    rows = [f"Ada{i} B-PER\nin O\nX B-T{i}\n\n" if i % 3 == 0 else f"Ada{i} B-PER\nin O\n\n" for i in range(40)]
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        amount = prepared(folder / "a.conll", "".join(rows), f"train.seed={seed}", task="token_classification")
        assert amount.startswith("36 examples, 4 to validate with")


def test_one_class_to_validate_with_is_told(tmp_path: Path) -> None:
    content = "".join(f"{text}\t{label}\n" for text, label in FILMS)
    other = tmp_path / "other.tsv"
    other.write_text("film x\tgood\nfilm y\tgood\n")
    amount = prepared(tmp_path / "a.tsv", content, f"data.validation_path={other}")
    assert amount.startswith("20 examples, 2 to validate with (all labelled 'good')")
