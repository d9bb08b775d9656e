"""Folders that many tests share, such as trained runs: each is made once a session, by the worker that asks first."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock  # torch depends on it

Listing = dict[str, list[int]]


class Zoo:
    """Folders by name, below a folder that all workers see. A test that changes files copies the folder first."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listings: dict[Path, Listing] = {}
        root.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, make: Callable[[Path], object]) -> Path:
        """The folder of this name; `make` fills it if nobody has done so. What it leaves unfinished is made again."""
        folder = self._root / name
        made = self._root / f"{name}.made"  # written last, so that a folder without it is not finished
        with FileLock(self._root / f"{name}.lock"):
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                made.write_text(json.dumps(listing(folder)))
        if folder not in self._listings:
            self._listings[folder] = json.loads(made.read_text())
        return folder

    def check(self) -> None:
        """Raises an AssertionError if a folder that was asked for here is no longer as it was made."""
        for folder, made in self._listings.items():
            found = listing(folder)
            changed = sorted(name for name in {*made, *found} if made.get(name) != found.get(name))
            assert not changed, f"a test modified files of the shared {folder.name}, and must copy it first: {changed}"


def listing(folder: Path) -> Listing:
    """Size and time of the last change of every file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): [path.stat().st_size, path.stat().st_mtime_ns] for path in files}
