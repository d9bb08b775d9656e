"""Files that are there whole or not at all."""

import os
from pathlib import Path

from cutaway.errors import JobError


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file such that a crash, or a kill, leaves the old one or the new one and nothing in between.

    Raises:
        JobError: the disk is full, or the folder cannot be written to.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise JobError(f"cannot write {path}: {error.strerror}") from error
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes renames in a folder last through a power cut, on systems where a folder can be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
