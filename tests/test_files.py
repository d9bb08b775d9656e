"""A file is there whole or not at all, and a folder belongs to one process at a time."""

import errno
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cutaway.errors import JobError, UserError
from cutaway.files import FolderLock, lock_of, parse_json, replacing, require_file, write_bytes
from support import require_attributes

HOLD = """
import sys
from pathlib import Path
from cutaway.files import lock_of
lock = lock_of(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked_by_another(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process has the lock on a folder while the block lasts."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


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


def test_a_lock_names_the_process_that_has_it_and_vanishes_with_it(tmp_path: Path) -> None:
    lock = lock_of(tmp_path)
    with locked_by_another(tmp_path) as process:
        with pytest.raises(UserError, match=rf"is in use by process {process.pid}, which is training in it: wait"):
            lock.acquire()
        process.kill()
        process.wait()
        assert [path.name for path in tmp_path.iterdir()] == [".lock"], "what a killed process leaves"
        lock.acquire()
    assert (tmp_path / ".lock").read_text() == str(os.getpid())
    lock.release()
    lock.release()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_belongs_to_a_process_and_is_used_by_one_thread(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, second = lock_of(tmp_path), lock_of(tmp_path / "other" / "..")
    first.acquire()
    second.acquire()
    failures: list[str] = []

    def use() -> None:
        try:
            with second.in_use():
                pass
        except UserError as error:
            failures.append(str(error))

    with first.in_use():
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    assert failures == [f"{tmp_path} is in use by this process already: wait until that training ends"]
    assert not (tmp_path / ".lock").exists()


def test_a_lock_that_nobody_refers_to_is_released(tmp_path: Path) -> None:
    FolderLock(tmp_path).acquire()
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_fork_does_not_have_the_lock_of_its_parent(tmp_path: Path) -> None:
    require_attributes("os", "fork")
    lock = lock_of(tmp_path)
    lock.acquire()
    if (child := os.fork()) == 0:
        try:
            lock.release()
            lock.acquire()
        except UserError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert (tmp_path / ".lock").exists()
    lock.release()


def test_a_folder_that_cannot_be_written_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"away cannot be written: No such file or directory$"):
        lock_of(tmp_path / "away").acquire()


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
