"""Files and folders that are written completely or not at all."""

import errno
import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cutaway.errors import JobError, UserError


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
def removing_new_folders(path: Path) -> Iterator[None]:
    """After a failed block, removes the folder and the parents that it made, where nothing is in them."""
    made = [one for one in (path.absolute(), *path.absolute().parents) if not one.exists()]
    try:
        yield
    except BaseException:
        for one in made:
            with suppress(OSError):  # a file, or something else was put there meanwhile
                one.rmdir()
        raise


@contextmanager
def removing_on_failure(path: Path, is_kept: Callable[[BaseException], bool] = lambda error: False) -> Iterator[None]:
    """After a failed block, removes what it wrote: a file, or what a folder did not hold before, and folders it made.

    Args:
        path: of the file or the folder.
        is_kept: whether all of it stays after an error.
    """
    with removing_new_folders(path):
        before = {*path.iterdir()} if path.is_dir() else {path} if path.exists() else set()
        try:
            yield
        except BaseException as error:
            written = {*path.iterdir()} if path.is_dir() else {path}
            for one in set() if is_kept(error) else written - before:
                with suppress(OSError):  # the first error is the one that is reported
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
