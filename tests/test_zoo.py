"""The folders that tests share are made once, and a test that modifies one is found out."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zoo import Zoo


def test_a_folder_is_made_once_whoever_asks(tmp_path: Path) -> None:
    calls: list[Path] = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "weights").write_text("1")

    with ThreadPoolExecutor(5) as workers:
        found = list(workers.map(lambda _: Zoo(tmp_path / "zoo").get("a", make), range(5)))
    assert len(calls) == 1
    assert set(found) == {tmp_path / "zoo/a"}
    assert (found[0] / "weights").read_text() == "1"


def test_what_was_left_unfinished_is_made_again(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Zoo(tmp_path).get("a", fail)
    folder = Zoo(tmp_path).get("a", lambda folder: (folder / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]


def test_a_change_is_found_out(tmp_path: Path) -> None:
    zoo = Zoo(tmp_path)
    folder = zoo.get("a", lambda folder: (folder / "weights").write_text("1"))
    zoo.check()
    (folder / "more").touch()
    with pytest.raises(AssertionError, match=r"shared a, and must copy it first: \['more'\]"):
        zoo.check()
    (folder / "more").unlink()
    (folder / "weights").write_text("12")
    with pytest.raises(AssertionError, match="weights"):
        zoo.check()
