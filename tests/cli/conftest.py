"""Tiny runs, made by `cutaway train` itself, for all tests of the command line."""

import shutil
from pathlib import Path

import pytest

from cli.command import TEXT, TINY, Outcome, printed, train_once
from cli.tasks import KINDS, chosen_words, write_files
from zoo import Zoo


@pytest.fixture(scope="session")
def _trained(zoo: Zoo) -> Path:
    def make(folder: Path) -> None:
        (folder / "text.txt").write_text(TEXT)
        printed("train", "gpt-nano", "--data", folder / "text.txt", "--out", folder / "run", *TINY)

    return zoo.get("gpt-nano", make)


@pytest.fixture
def here(_trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, of this test's own: it holds `text.txt` and `run`, which was trained on it."""
    shutil.copytree(_trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def _of_every_task(zoo: Zoo) -> tuple[Path, dict[str, Outcome]]:
    return train_once(zoo, "tasks", write_files, {kind: chosen_words(kind) for kind in KINDS})


@pytest.fixture
def outcomes(_of_every_task: tuple[Path, dict[str, Outcome]]) -> dict[str, Outcome]:
    """What was printed when a run of each task was trained."""
    return _of_every_task[1]


@pytest.fixture
def learnt(_of_every_task: tuple[Path, dict[str, Outcome]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, of this test's own: it holds a run of each task, by its name, and the files of all."""
    shutil.copytree(_of_every_task[0], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
