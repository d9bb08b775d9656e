"""Folders with one subfolder per label."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from cutaway.errors import UserError


def files_by_label(folder: Path, endings: Collection[str], skipped: Counter[str]) -> Iterator[tuple[Path, str]]:
    """The files in each label's subfolder with the label, sorted by name.

    Hidden files, files outside the subfolders and files with other endings are skipped and counted.

    Args:
        folder: with a subfolder per label.
        endings: of the files to return, such as `.png`, in lower case.
        skipped: counts the others.

    Raises:
        UserError: it has no subfolder.
    """
    entries = _visible(folder, skipped)
    labels = [entry for entry in entries if entry.is_dir()]
    if not labels:
        raise UserError(f"{folder} has no subfolders: put the files of each label into a folder of that name")
    if len(labels) < len(entries):
        skipped["beside the folders of labels"] += len(entries) - len(labels)
    for label in labels:
        for path in _files(label, skipped):
            if path.suffix.lower() in endings:
                yield path, label.name
            else:
                skipped[f"not {' or '.join(endings)}"] += 1


def _files(folder: Path, skipped: Counter[str]) -> Iterator[Path]:
    """All files below a folder, at any depth."""
    for entry in _visible(folder, skipped):
        if entry.is_dir():
            yield from _files(entry, skipped)
        elif entry.is_file() or entry.is_symlink():  # a broken link is told when it is opened
            yield entry
        else:
            skipped["pipes or devices"] += 1


def _visible(folder: Path, skipped: Counter[str]) -> list[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)  # comparing paths ignores case on Windows
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from error
    visible = [entry for entry in entries if not entry.name.startswith(".")]
    if len(visible) < len(entries):
        skipped["hidden"] += len(entries) - len(visible)
    return visible
