"""Kinds of tasks: each in a folder of its own, which loads neither torch nor numpy."""

from pathlib import Path

import pytest

from cutaway.config.reading import dump_run, load_run, override, validate
from cutaway.config.run import RunConfig
from cutaway.config.task import KINDS, task_record
from cutaway.errors import UserError
from cutaway.runs.requirements import chosen_by_task, require_model
from support import ROOT, run_python


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_a_folder_of_its_name(kind: str) -> None:
    record = task_record(kind)
    assert record().kind == kind
    assert record.__module__ == f"cutaway.tasks.{kind}.config"
    assert record.__doc__
    assert record().verbs


def test_every_folder_is_a_kind() -> None:
    folders = {path.parent.name for path in (ROOT / "src/cutaway/tasks").glob("*/config.py")}
    assert folders == set(KINDS)


def test_records_of_tasks_load_no_torch() -> None:
    modules = sorted({place.partition(":")[0] for place in KINDS.values()})
    source = f"import sys, {', '.join(modules)}; print('torch' in sys.modules, 'numpy' in sys.modules)"
    assert run_python(source).split() == ["False", "False"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_file_keeps_every_key_of_its_task(kind: str, tmp_path: Path) -> None:
    run = override(RunConfig(), [f"task={kind}"])
    (tmp_path / "run.yaml").write_text(dump_run(run))
    again = load_run(tmp_path / "run.yaml")
    assert again == run
    assert type(again.task) is task_record(kind)


def test_a_kind_that_there_is_not_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"task has no kind 'token_clasification'; did you mean 'token_classification'"):
        override(RunConfig(), ["task=token_clasification"])


def test_a_task_that_cannot_be_trained_says_so() -> None:
    with pytest.raises(UserError, match=r"the task sentence-embedding cannot be trained here"):
        chosen_by_task("sentence-embedding", RunConfig())
    with pytest.raises(UserError, match=r"the task sentence_embedding cannot be trained here: choose another"):
        require_model(override(RunConfig(), ["task=sentence_embedding"]))


@pytest.mark.parametrize("kind", [["language_modeling"], 3, None, {}])
def test_a_kind_that_is_no_word_is_told(kind: object) -> None:
    with pytest.raises(UserError, match=r"task has no kind"):
        validate({"task": {"kind": kind}})
