"""One tiny run, made by `cutaway train` itself, for all tests of the command line."""

import shutil
from pathlib import Path

import pytest

from cli.command import TEXT, TINY, printed


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
