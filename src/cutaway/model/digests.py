"""Digests of files, recorded when the files are written, so that damage is found before it changes a result."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cutaway.display import program
from cutaway.errors import UserError
from cutaway.files import replacing
from cutaway.model.run_folder import read_json, write_json

DIGESTS_FILE = "digests.json"
LARGE = 1 << 26
"""Bytes above which a file is compared by size and time, and by its content only if the time is another."""
BLOCK = 1 << 22


@dataclass(frozen=True)
class Digest:
    """What is recorded of a file.

    Attributes:
        sha256: of its content, in hexadecimal.
        size: in bytes.
        modified: when it was written, in nanoseconds since 1970.
    """

    sha256: str
    size: int
    modified: int


class Digests:
    """The digests of the files of a folder, in its file `digests.json`.

    A file has one, or two while it is being replaced: after a kill, it has the old content or the new one. The first of
    two is None for a file that did not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / DIGESTS_FILE

    def read(self) -> dict[str, list[Digest | None]]:
        """The digests by the names of files, relative to the folder; none if nothing was recorded.

        Raises:
            UserError: the file is damaged.
        """
        if not self._path.exists():
            return {}
        try:
            return {name: [_digest(one) for one in found] for name, found in read_json(self._path).items()}
        except (AttributeError, TypeError):
            raise UserError(f"{self._path} does not hold digests: copy it back, or remove it") from None

    def record(self, files: Iterable[Path]) -> None:
        """Records the digests of files as they are now; earlier digests of other files are kept."""
        self._write(self.read() | {self._name(file): [digest_of(file)] for file in files})

    def replace_all(self, files: Iterable[Path]) -> None:
        """Records the digests of these files as they are now, and no others."""
        self._write({self._name(file): [digest_of(file)] for file in files})

    @contextmanager
    def replacing(self, path: Path) -> Iterator[Path]:
        """Replaces a file of the folder atomically, as `cutaway.files.replacing` does, and records its digest."""
        name, known = self._name(path), self.read()
        with replacing(path) as temporary:
            yield temporary
            old = known.get(name, [])[-1:] or [digest_of(path) if path.exists() else None]
            new = digest_of(temporary)
            self._write(known | {name: [*old, new]})
        self._write(known | {name: [new]})

    def settle(self) -> None:
        """Decides between the two digests of a file whose replacement was killed, by what the file holds."""
        known = self.read()
        if all(len(found) == 1 for found in known.values()):
            return
        for name, found in list(known.items()):
            fitting = [one for one in found if complaint(self._folder / name, [one], whole=True) is None]
            known[name] = fitting[-1:] or found
        self._write({name: found for name, found in known.items() if found != [None]})

    def complaint(self, path: Path, *, whole: bool = False) -> str | None:
        """What is wrong with a file; None if it is as it was written, or nothing was recorded.

        Args:
            path: a file of the folder.
            whole: whether the content of a large file is read even if its size and time are as recorded.
        """
        return complaint(path, self.read().get(self._name(path), []), whole)

    def require(self, path: Path, run: Path, *, whole: bool = False) -> None:
        """Refuses a file that is not as it was written.

        Args:
            path: as in `complaint`.
            run: the run folder.
            whole: as in `complaint`.

        Raises:
            UserError: says what is wrong with it.
        """
        if (wrong := self.complaint(path, whole=whole)) is not None:
            raise UserError(
                f"{path} {wrong}: copy it back, or accept all files as they are with {program()} verify {run} --accept"
            )

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _write(self, digests: Mapping[str, Sequence[Digest | None]]) -> None:
        write_json(
            self._path,
            {name: [None if one is None else asdict(one) for one in found] for name, found in sorted(digests.items())},
        )


def complaint(path: Path, recorded: Sequence[Digest | None], whole: bool) -> str | None:
    """What is wrong with a file of which these digests are recorded; None if nothing is."""
    known = [one for one in recorded if one is not None]
    if not path.is_file():
        return "is missing" if known and None not in recorded else None
    if not known:
        return "was not written by this run" if recorded else None
    size, modified = path.stat().st_size, path.stat().st_mtime_ns
    if all(size != one.size for one in known):
        return f"has {size:,} bytes instead of the {known[-1].size:,} that were written"
    if not whole and size > LARGE and any((size, modified) == (one.size, one.modified) for one in known):
        return None
    if all(_sha256(path) != one.sha256 for one in known):
        return "has other content than was written"
    return None


def digest_of(path: Path) -> Digest:
    """The digest of a file as it is now."""
    return Digest(_sha256(path), path.stat().st_size, path.stat().st_mtime_ns)


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()


def _digest(given: dict[str, Any] | None) -> Digest | None:
    if given is None:
        return None
    digest = Digest(**given)
    if not (isinstance(digest.sha256, str) and isinstance(digest.size, int) and isinstance(digest.modified, int)):
        raise TypeError("a digest has a text and two whole numbers")
    return digest
