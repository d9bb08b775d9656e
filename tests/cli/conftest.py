"""Tiny runs, made by `cutaway train` itself, for all tests of the command line."""

import shutil
from pathlib import Path

import pytest

from cli.command import TEXT, TINY, Outcome, printed, run
from cli.tasks import KINDS, train_words, write_files


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "text.txt").write_text(TEXT)
    printed("train", "gpt-nano", "--data", folder / "text.txt", "--out", folder / "run", *TINY)
    return folder


@pytest.fixture
def here(_trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, of this test's own: it holds `text.txt` and `run`, which was trained on it."""
    shutil.copytree(_trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def _files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    write_files(folder)
    return folder


@pytest.fixture(scope="session")
def outcomes(_files: Path) -> dict[str, Outcome]:
    """What was printed when a run of each task was trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(_files)
        return {kind: run(*train_words(kind, out=kind)) for kind in KINDS}


@pytest.fixture
def learnt(_files: Path, outcomes: dict[str, Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, of this test's own: it holds a run of each task, by its name, and the files of all."""
    assert {kind: outcome.err for kind, outcome in outcomes.items() if outcome.status} == {}
    shutil.copytree(_files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
