"""Files and folders that are written completely or not at all."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutaway.errors import JobError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path to write to; when the block ends without an error, it replaces `path` atomically.

    Everything is flushed to disk before the rename, so that a crash, a kill or a power cut leaves either the old or the
    new version complete. Only an old folder must be removed first: do not replace folders that matter.

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
