"""Files and folders that are there whole or not at all."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutaway.errors import JobError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a path to write to; when the block ends well, that file or folder takes the place of `path` at once.

    Everything is on disk before the change of names, so that a crash, a kill or a power cut leaves the old or the new,
    whole. Only an old folder has to be removed before: replace none that counts.

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
        if path.is_dir():
            _remove(path)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise JobError(f"{path} could not be written: {why}; what was saved before is untouched") from error
    finally:
        _remove(temporary)


def make_folder(path: Path) -> None:
    """Makes a folder and those that it lies in, unless it is there.

    Raises:
        JobError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JobError(f"cannot make the folder {path}: {error.strerror}") from error


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a whole file, or leaves the old one. Raises what `replacing` raises."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Writes a whole text file in UTF-8, or leaves the old one. Raises what `replacing` raises."""
    write_bytes(path, text.encode())


def _sync(path: Path) -> None:
    """Makes content, or a folder's names, last through a power cut, where the system can open a folder."""
    is_folder = path.is_dir()
    if is_folder and not hasattr(os, "O_DIRECTORY"):  # Windows opens no folder
        return
    descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)  # Windows flushes only what may be written
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
