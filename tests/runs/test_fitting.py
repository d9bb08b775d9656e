"""What is not named follows from the data; what is named is kept."""

from collections import Counter
from pathlib import Path

import pytest

from cutaway.config.reading import load_preset, override
from cutaway.errors import UserError
from cutaway.runs.fitting import can_read, config_for, fit_to_data
from cutaway.runs.requirements import require_model
from cutaway.tasks.example_task import ExampleTask
from cutaway.tasks.task import task_of
from runs.test_guess import FILES, SIGNS, TEXTS, rows, write


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith(("pictures", "captions", "sounds"))])
def test_the_preset_with_these_choices_reads_the_file(name: str, tmp_path: Path) -> None:
    data = f"data.path={write(tmp_path / name, FILES[name][0])}"
    fitted = fit_to_data(None, None, [data], load_preset)
    config = override(load_preset(fitted.name), [*fitted.assignments, data])
    require_model(config)
    assert can_read(config)
    task = task_of(config)
    if isinstance(task, ExampleTask) and " labels" in str(fitted.note):
        labels = {label for one in task.read(tmp_path / name, config.data, Counter()) for label in one.labels}
        assert labels in ({"0", "1"}, {"a", "b"}, {"0.0", "1.0"}, {"family0", "family1"})


def fit(name: str | None, task: str | None, *assignments: str) -> tuple[str, list[str], str | None]:
    fitted = fit_to_data(name, task, assignments, load_preset)
    return fitted.name, list(fitted.assignments), fitted.note


def test_a_preset_follows_data_that_its_task_cannot_read(tmp_path: Path) -> None:
    tags = write(tmp_path / "tags.jsonl", rows(review=TEXTS, sentiment=SIGNS))
    name, assignments, note = fit("gpt-nano", None, f"data.path={tags}")
    assert name == "gpt-nano"
    assert assignments[0] == "task=sequence_classification"
    assert note == "tags.jsonl: columns review, sentiment; 2 labels -> sequence-classification with gpt-nano"
    with pytest.raises(
        UserError, match=r"vit-nano is for image-classification, but the data is not: tags\.jsonl: .*"
    ) as e:
        fit("vit-nano", None, f"data.path={tags}")
    assert "leave out vit-nano" in str(e.value)


def test_what_a_preset_reads_is_left_as_it_is(tmp_path: Path) -> None:
    path = f"data.path={write(tmp_path / 'usual.csv', FILES['usual.csv'][0])}"
    for assignments in ((path,), ('data.path="-"',), ("data.path=python-docs",), (), ("task=algorithmic", path)):
        assert fit("gpt-nano", None, *assignments) == ("gpt-nano", [], None)
    assert fit("t5-nano", None, path) == ("t5-nano", [], None)


def test_without_a_preset_task_or_data_choose_it(tmp_path: Path) -> None:
    name, assignments, note = fit(None, "token-classification")
    assert (name, assignments[0]) == ("bert-nano", "task=token_classification")
    assert str(note).endswith("-> token-classification with bert-nano")
    tags = write(tmp_path / "tags.txt", FILES["tags.txt"][0])
    assert fit(None, None, f"data.path={tags}")[0] == "bert-nano"
    assert fit(None, "language-modeling", f"data.path={tags}")[0] == "gpt-nano"
    assert fit(None, None, f"data.path={tags}", "task=language_modeling")[0] == "gpt-nano"
    with pytest.raises(UserError, match="no task is called 'knitting'"):
        fit(None, "knitting", f"data.path={tags}")


def test_what_a_user_chose_is_not_guessed(tmp_path: Path) -> None:
    several = write(tmp_path / "several.jsonl", FILES["several.jsonl"][0])
    path, chosen = f"data.path={several}", "task.problem=single_label"
    _, guessed, note = fit("bert-nano", "sequence-classification", path)
    assert guessed[-1] == 'task.problem="multi_label"'
    assert note is not None
    _, kept, note = fit("bert-nano", "sequence-classification", path, chosen)
    assert kept == guessed[:-1]
    assert note is None


@pytest.mark.parametrize("task", [None, "sequence-classification"])
def test_a_folder_with_a_file_for_each_split_gives_both(task: str | None, tmp_path: Path) -> None:
    for name in ("train", "dev"):
        write(tmp_path / f"{name}.csv", FILES["review.csv"][0])
    names = [None] if task is None else [None, "bert-nano"]
    for name in names:
        config, note = config_for(name, task, [f"data.path={tmp_path}"])
        assert (config.data.path, config.data.validation_path) == (
            str(tmp_path / "train.csv"),
            str(tmp_path / "dev.csv"),
        )
        assert (config.data.field, config.task.kind) == ("review", "sequence_classification")
        assert note is not None
    other = write(tmp_path / "other.csv", FILES["review.csv"][0])
    config, _ = config_for(None, task, [f"data.path={tmp_path}", f"data.validation_path={other}"])
    assert config.data.validation_path == str(other)
