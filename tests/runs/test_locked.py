"""A folder in which one process trains is refused to a second one, which changes nothing."""

import shutil
from pathlib import Path

import pytest

from cutaway.errors import UserError
from cutaway.runs.run import resume, start
from cutaway.training.callbacks import Callback
from cutaway.training.checkpoints import Progress
from runs.kinds import begin, choices_of, write_data
from test_locks import locked_by_another

KIND = "sequence_classification"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_start_is_refused_and_removes_nothing(tmp_path: Path) -> None:
    write_data(KIND, tmp_path)
    out = tmp_path / "run"
    out.mkdir()
    with locked_by_another(out) as process:
        (out / ".unfinished").touch()
        before = contents(out)
        with pytest.raises(UserError, match=rf"run is in use by process {process.pid}, "):
            start(choices_of(KIND, tmp_path), out)
        assert contents(out) == before
    assert start(choices_of(KIND, tmp_path), out).train().step == 2


def test_a_second_resume_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    out = begin(KIND, tmp_path).folder.path
    shutil.copytree(out, tmp_path / "copy", ignore=shutil.ignore_patterns(".lock"))
    out = tmp_path / "copy"
    with locked_by_another(out) as process:
        before = contents(out)
        with pytest.raises(UserError, match=rf"copy is in use by process {process.pid}, "):
            resume(out, ["train.steps=9"])
        assert contents(out) == before


def test_a_run_is_locked_until_it_is_trained(tmp_path: Path) -> None:
    run = begin(KIND, tmp_path)
    lock = run.folder.path / ".lock"
    assert lock.exists()

    class Look(Callback):
        """Resumes the run while it is trained."""

        def step(self, progress: Progress) -> None:
            assert lock.exists()
            with pytest.raises(UserError, match="is in use by this process already"):
                resume(run.folder.path).train()

    run.train([Look()])
    assert not lock.exists()
    with pytest.raises(UserError, match=r"there is no 'train\.steeps'"):
        resume(run.folder.path, ["train.steeps=3"])
    assert not lock.exists()
