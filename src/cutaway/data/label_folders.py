"""A folder that has a folder for each label, with the files that it applies to."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from cutaway.errors import UserError


def files_by_label(folder: Path, endings: Collection[str], skipped: Counter[str]) -> Iterator[tuple[Path, str]]:
    """The files below each label's folder, with the label, in order of their names.

    What is hidden, lies beside the folders of labels or has another ending is skipped and counted.

    Args:
        folder: what holds a folder for each label.
        endings: of the files that count, such as `.png`, in lower case.
        skipped: counts the others.

    Raises:
        UserError: there is no folder in it.
    """
    entries = _visible(folder, skipped)
    labels = [entry for entry in entries if entry.is_dir()]
    if not labels:
        raise UserError(f"{folder} holds no folders: put what has the same label into a folder of that name")
    if len(labels) < len(entries):
        skipped["beside the folders of labels"] += len(entries) - len(labels)
    for label in labels:
        for path in _files(label, skipped):
            if path.suffix.lower() in endings:
                yield path, label.name
            else:
                skipped[f"not {' or '.join(endings)}"] += 1


def _files(folder: Path, skipped: Counter[str]) -> Iterator[Path]:
    """All files below a folder, however deep."""
    for entry in _visible(folder, skipped):
        if entry.is_dir():
            yield from _files(entry, skipped)
        else:
            yield entry


def _visible(folder: Path, skipped: Counter[str]) -> list[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)  # paths ignore case on Windows
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from error
    visible = [entry for entry in entries if not entry.name.startswith(".")]
    if len(visible) < len(entries):
        skipped["hidden"] += len(entries) - len(visible)
    return visible
