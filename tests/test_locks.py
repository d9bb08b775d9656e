"""A folder belongs to one process at a time."""

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
from cutaway.locks import FolderLock, lock_of
from support import require_attributes

HOLD = """
import sys
from pathlib import Path
from cutaway.locks import lock_of
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
