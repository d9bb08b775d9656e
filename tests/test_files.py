"""A file is there whole or not at all."""

import errno
import os
import sys
from pathlib import Path

import pytest

from cutaway.errors import JobError, UserError
from cutaway.files import parse_json, removing_on_failure, replacing, require_file, write_bytes
from support import require_attributes


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    for content in (b"first", b"the second"):
        write_bytes(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notes"
    write_bytes(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JobError, match=r"notes could not be written: the disk is full"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_first_error_is_the_one_that_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def full(path: Path, content: bytes) -> None:
        monkeypatch.setattr(Path, "unlink", read_only)  # whatever cleans up fails too
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(JobError, match=r"notes could not be written: the disk is full"):
        write_bytes(tmp_path / "notes", b"new")


def test_a_folder_that_is_replaced_is_never_half_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"

    def write(content: str) -> None:
        with replacing(folder) as temporary:
            temporary.mkdir()
            (temporary / "file").write_text(content)

    def killed(path: Path) -> None:
        sys.exit(9)

    write("old")
    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(SystemExit):
        write("new")
    assert (folder / "file").read_text() == "new"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="away/notes could not be written"):
        write_bytes(tmp_path / "far" / "away" / "notes", b"new")


def test_only_files_are_read_as_files(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    require_file(tmp_path / "file")
    require_file(tmp_path / "missing")
    with pytest.raises(UserError, match="is a folder, where a file is expected"):
        require_file(tmp_path)
    require_attributes("os", "mkfifo").mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe is a pipe or a device, where a file is expected"):
        require_file(tmp_path / "pipe")


def test_json_that_is_nested_too_deeply_is_no_json() -> None:
    assert parse_json(b'[1, {"a": null}]') == [1, {"a": None}]
    for text in ("[" * 100_000, '{"a":' * 100_000):
        with pytest.raises(ValueError, match="it is nested too deeply"):
            parse_json(text)


def write_half(path: Path, error: type[BaseException] = ValueError, beside: Path | None = None) -> None:
    """Writes two files to a folder, and fails; meanwhile somebody writes another."""
    (path / "inner").mkdir(parents=True)
    (path / "inner" / "one").write_text("half")
    (path / "two").write_text("half")
    if beside is not None:
        beside.write_text("whole")
    raise error("not written")


def is_interrupted(error: BaseException) -> bool:
    return isinstance(error, KeyboardInterrupt)


def listing(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("there", ["nothing", "a folder", "a file"])
def test_a_failed_block_leaves_what_was_there(there: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / "out" if there == "nothing" else tmp_path / "out"
    if there != "nothing":
        write_bytes(path / "mine" if there == "a folder" else path, b"old")
    before = listing(tmp_path)
    with pytest.raises((ValueError, NotADirectoryError), match=r"not written|directory"), removing_on_failure(path):
        write_half(path)
    assert listing(tmp_path) == before


def test_a_failed_block_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with pytest.raises(ValueError, match="not written"), removing_on_failure(path):
        write_half(tmp_path / "folder", beside=path)
    assert not path.exists()
    assert len(listing(tmp_path / "folder")) == 3, "what is not of this path stays"


def test_what_others_put_beside_a_failed_block_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "out"
    with pytest.raises(ValueError, match="not written"), removing_on_failure(path):
        write_half(path, beside=tmp_path / "new" / "other")
    assert listing(tmp_path) == {tmp_path / "new": None, tmp_path / "new" / "other": b"whole"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_is_worth_keeping_is_kept(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "out"
    with pytest.raises(error), removing_on_failure(path, is_interrupted):
        write_half(path, error)
    assert path.exists() == (error is KeyboardInterrupt)
