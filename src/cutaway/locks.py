"""Locks on folders, which one process holds at a time."""

import errno
import os
import sys
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from cutaway.errors import JobError, UserError

LOCK_FILE = ".lock"
LOCKED_BYTE = 1 << 30
"""The byte that is locked on Windows, where a locked one cannot be read: far behind the process id."""
TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
"""What systems say of a lock that another process has."""


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
