"""Names on the hub; nothing here needs network."""

import sys
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import UserError
from cutaway.hub.download import download, is_name
from support import require_module


@pytest.mark.parametrize("path", ["owner/model", "owner/model@v1.0", "owner/model@refs/pr/3", "a-b/c_d.e"])
def test_names_are_told_from_paths(path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_name(path)


def test_some_names_need_no_owner_unless_there_is_such_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_name("gpt2")
    assert is_name("bert-base-uncased@v1")
    (tmp_path / "gpt2").mkdir()
    assert not is_name("gpt2")


@pytest.mark.parametrize("path", ["model", "./owner/model", "/owner/model", "runs/model", "a/b/c", "a/b.gguf/x"])
def test_paths_are_no_names(path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    assert not is_name(path)


def test_what_is_no_name_is_not_asked_for() -> None:
    require_module("huggingface_hub")
    with pytest.raises(UserError, match="a/b/c is not the name of a model: write owner/model"):
        download("a/b/c")


def test_the_revision_is_that_of_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hub = require_module("huggingface_hub")
    asked: dict[str, Any] = {}

    def brought(name: str, **given: Any) -> str:
        asked.update(given, name=name)
        return str(tmp_path / "snapshots/0123abc")

    monkeypatch.setattr(hub, "snapshot_download", brought)
    folder, revision = download("owner/model@v2")
    assert (asked["name"], asked["revision"]) == ("owner/model", "v2")
    assert (folder, revision) == (tmp_path / "snapshots/0123abc", "0123abc")
    assert not any("py" in pattern for pattern in asked["allow_patterns"]), "no code of other people comes along"


def test_without_network_a_folder_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = require_module("huggingface_hub")

    def unreachable(name: str, **given: Any) -> str:
        raise OSError("no route to host\nand more lines")

    monkeypatch.setattr(hub, "snapshot_download", unreachable)
    with pytest.raises(UserError, match=r"no route to host\): without network, give the path of a folder$"):
        download("owner/model")


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match=r"pip install 'cutaway\[hub\]'"):
        download("owner/model")
