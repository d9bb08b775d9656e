"""Files and folders that are written completely or not at all, and locks on folders."""

import errno
import json
import os
import shutil
import sys
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from cutaway.errors import JobError, UserError

LOCK_FILE = ".lock"
LOCKED_BYTE = 1 << 30
"""The byte that is locked on Windows, where a locked one cannot be read: far behind the process id."""
TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
"""What systems say of a lock that another process has."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path to write to; when the block ends without an error, it replaces `path` atomically.

    Everything is flushed to disk before the rename, so that a crash, a kill or a power cut leaves either the old or the
    new version complete; of a folder, a kill can leave neither, with the old one beside it as `NAME.old.tmp`.

    Raises:
        JobError: the disk is full or cannot be written.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(exist_ok=True)
        _remove(temporary)
        yield temporary
        for file in [temporary, *temporary.rglob("*")] if temporary.is_dir() else [temporary]:
            _sync(file)
        old = path.with_name(path.name + ".old.tmp")
        if path.is_dir():
            _remove(old)
            path.replace(old)
        temporary.replace(path)
        _sync(path.parent)
        _remove(old)
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise JobError(f"{path} could not be written: {why}; what was saved before is untouched") from error
    finally:
        with suppress(OSError):  # the first error is the one that is reported
            _remove(temporary)


def require_file(path: Path) -> None:
    """Rejects a path of something else than a file: reading a named pipe that nobody writes to would never end.

    Raises:
        UserError: it is a folder, a pipe or a device; a missing file raises nothing here.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a pipe or a device"
        raise UserError(f"{path} is {what}, where a file is expected")


@contextmanager
def removing_on_failure(path: Path) -> Iterator[None]:
    """Removes what a failed block wrote to a path that was missing or an empty folder, and the parents it made."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    try:
        yield
    except BaseException:
        for one in list(path.iterdir()) if not missing and path.is_dir() else missing[-1:]:
            with suppress(OSError):
                _remove(one)
        raise


def parse_json(content: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, or is nested deeper than Python can read.
    """
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def make_folder(path: Path) -> None:
    """Makes a folder and its parents, unless it exists.

    Raises:
        JobError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JobError(f"cannot make the folder {path}: {error.strerror}") from error


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file completely, or leaves the old one; raises what `replacing` raises."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8 completely, or leaves the old one; raises what `replacing` raises."""
    write_bytes(path, text.encode())


def remove_folder(path: Path) -> None:
    """Removes a folder so that a kill leaves it complete, or only as `NAME.tmp`. Warns if it cannot be removed."""
    temporary = path if path.suffix == ".tmp" else path.with_name(path.name + ".tmp")
    try:
        if temporary != path:
            _remove(temporary)
            path.replace(temporary)
        _remove(temporary)
    except OSError as error:
        warnings.warn(f"{path} cannot be removed: {error.strerror}", stacklevel=2)


def sync(path: Path) -> None:
    """Flushes a file and its entry in its folder to disk.

    Raises:
        JobError: it cannot be written.
    """
    try:
        _sync(path)
        _sync(path.parent)
    except OSError as error:
        raise JobError(f"{path} could not be written: {error.strerror}; the last checkpoint is intact") from error


def remove_file(path: Path) -> None:
    """Removes a file, if it exists.

    Raises:
        JobError: it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise JobError(f"{path} cannot be removed: {error.strerror}") from error


class FolderLock:
    """A lock on a folder, held by one process at a time; the system removes it when that process ends, however it ends.

    Within a process, `lock_of` gives one lock per folder, and whoever has it may acquire it again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = _Held(folder / LOCK_FILE)
        self._is_in_use = False
        weakref.finalize(self, self._held.release)

    def acquire(self) -> None:
        """Acquires the lock, unless this process has it.

        Raises:
            UserError: another process has it; names that process.
            JobError: the folder cannot be written.
        """
        if not self._held.is_held and (owner := self._held.acquire()) is not None:
            raise UserError(
                f"{self._folder} is in use by {owner}, which is training in it: wait until it ends, or choose another "
                f"folder"
            )

    def release(self) -> None:
        """Releases the lock, if this process has it."""
        self._held.release()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Holds the lock for one thread while the block lasts, and releases it then.

        Raises:
            UserError: another process has it, or another thread is in such a block.
            JobError: the folder cannot be written.
        """
        if self._is_in_use:
            raise UserError(f"{self._folder} is in use by this process already: wait until that training ends")
        self.acquire()
        self._is_in_use = True
        try:
            yield
        finally:
            self._is_in_use = False
            self.release()


_locks: "weakref.WeakValueDictionary[Path, FolderLock]" = weakref.WeakValueDictionary()


def lock_of(folder: Path) -> FolderLock:
    """The lock on a folder, not acquired yet; the same one as long as something in this process refers to it."""
    return _locks.setdefault(folder.resolve(), FolderLock(folder))


class _Held:
    """The file of a lock: open and locked while the lock is held. It holds the process id."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._process = 0

    @property
    def is_held(self) -> bool:
        """Whether this process has the lock; a fork of it does not."""
        return self._descriptor is not None and self._process == os.getpid()

    def acquire(self) -> str | None:
        """Acquires the lock, or names the process that has it."""
        while True:
            try:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise JobError(f"{self._path.parent} cannot be written: {error.strerror}") from error
            try:
                _lock(descriptor)
                is_current = self._path.exists() and os.path.samestat(os.fstat(descriptor), self._path.stat())
            except OSError as error:
                owner = os.read(descriptor, 20)
                os.close(descriptor)
                if error.errno not in TAKEN:
                    raise JobError(f"{self._path.parent} cannot be locked: {error.strerror}") from error
                return f"process {owner.decode()}" if owner.isdigit() else "another process"
            if is_current:
                break
            os.close(descriptor)  # its owner removed it in between
        with suppress(OSError):  # on a full disk, the lock has no name
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        self._descriptor, self._process = descriptor, os.getpid()
        return None

    def release(self) -> None:
        """Removes the file, if this process has the lock. Where open files can be removed, nobody gets in between."""
        if not self.is_held or self._descriptor is None:
            return
        if sys.platform == "win32":
            os.close(self._descriptor)
        with suppress(OSError):
            self._path.unlink()
        if sys.platform != "win32":
            os.close(self._descriptor)
        self._descriptor = None


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)

else:

    def _lock(descriptor: int) -> None:
        """Locks an open file.

        Raises:
            OSError: another process has locked it.
        """
        try:
            fcntl = import_module("fcntl")
        except ImportError:  # a system without locks
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK):
                raise
            warnings.warn("this file system has no locks: start no second training in this folder", stacklevel=2)


def _sync(path: Path) -> None:
    """Flushes a file or the entries of a folder to disk, where the system can open a folder."""
    is_folder = path.is_dir()
    if is_folder and not hasattr(os, "O_DIRECTORY"):  # Windows cannot open a folder
        return
    descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)  # Windows flushes only writable files
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
