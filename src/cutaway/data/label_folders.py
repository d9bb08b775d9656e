"""Folders with one subfolder per label."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from cutaway.data.splits import Split, split_of
from cutaway.errors import UserError


def files_by_label(folder: Path, endings: Collection[str], skipped: Counter[str]) -> Iterator[tuple[Path, str]]:
    """The files in each label's subfolder with the label, sorted by name.

    Hidden files, files outside the subfolders and files with other endings are skipped and counted.

    Args:
        folder: with a subfolder per label.
        endings: of the files to return, such as `.png`, in lower case.
        skipped: counts the others.

    Raises:
        UserError: it has no subfolder, or its subfolders are splits, with those of labels below them.
    """
    if split := split_folders(folder):
        names = [path.name for path in (split.training, split.validation, *split.others) if path is not None]
        raise UserError(f"{folder} has the splits {', '.join(names)}: name one of them, such as {folder / names[-1]}")
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


def split_folders(folder: Path) -> Split | None:
    """The subfolders that are named after splits and have folders of labels, if one of them is to train on."""
    folders = [entry for entry in _visible(folder, Counter()) if entry.is_dir()]
    split = split_of(one for one in folders if any(entry.is_dir() for entry in _visible(one, Counter())))
    return split if split is not None and (split.validation is not None or len(folders) == 1) else None


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
