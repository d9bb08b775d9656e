"""Whether the files of a run are as they were written."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cutaway.display import html_table
from cutaway.errors import UserError, counted
from cutaway.locks import lock_of
from cutaway.model.digests import Digests
from cutaway.model.run_folder import RunFolder
from cutaway.training.checkpoints import FILES

UNRECORDED = "has no digest"


@dataclass(frozen=True)
class Verified:
    """A file of a run.

    Attributes:
        path: relative to the run folder.
        complaint: what is wrong with it; None if it is as it was written.
    """

    path: str
    complaint: str | None


@dataclass(frozen=True)
class Verification:
    """All files of a run whose content matters for its results, and those of its checkpoints."""

    files: tuple[Verified, ...]

    @property
    def failures(self) -> tuple[Verified, ...]:
        """Those that are missing or not as they were written."""
        return tuple(file for file in self.files if file.complaint not in (None, UNRECORDED))

    @property
    def passed(self) -> bool:
        """Whether none is missing or changed."""
        return not self.failures

    @property
    def summary(self) -> str:
        """The number of files with each verdict, in words."""
        unrecorded = sum(file.complaint == UNRECORDED for file in self.files)
        failed = len(self.failures)
        same = len(self.files) - unrecorded - failed
        parts = [f"{counted(same, 'file')} {'is as it was' if same == 1 else 'are as they were'} written"]
        parts += [f"{failed} {'is' if failed == 1 else 'are'} not"] * bool(failed)
        without = f"{unrecorded} {'has' if unrecorded == 1 else 'have'} no digest, as in runs of earlier versions"
        parts += [without] * bool(unrecorded)
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"Verification({self.summary})"

    def _repr_html_(self) -> str:
        return html_table(
            ["file", ""], [[file.path, file.complaint or "as written"] for file in self.files], self.summary
        )


def recorded_files(folder: RunFolder) -> list[Path]:
    """The files of a run that have digests in its own folder: not logs, the report and hidden files."""
    single = [folder.run, folder.config, folder.weights, folder.tokenizer, folder.source_tokenizer]
    single += [folder.path / name for name in ("manifest.json",)]
    data = [path for name in ("tokens", "examples") for path in sorted((folder.path / name).rglob("*"))]
    return [path for path in (*single, *data) if path.is_file() and path.suffix != ".tmp"]


def require_unchanged(folder: RunFolder) -> None:
    """Refuses a run of which a file outside of its checkpoints is not as it was written; the folder is locked.

    Large files are compared by size and time, and read only if their time is another.

    Raises:
        UserError: names the file.
    """
    digests = Digests(folder.path)
    for name in digests.read():
        digests.require(folder.path / name, folder.path)
    digests.settle()


def verify_run(path: Path) -> Verification:
    """Compares all files of a run with their digests; reads them wholly.

    Raises:
        UserError: this is no run folder, or digests are damaged.
    """
    folder = RunFolder(path)
    folder.require()
    found = []
    for place, files in _places(folder):
        known = Digests(place).read()
        for file in sorted({*files, *(place / name for name in known)}):
            wrong = Digests(place).complaint(file, whole=True)
            if file.relative_to(place).as_posix() not in known:
                wrong = UNRECORDED if file.exists() else "is missing"
            found.append(Verified(file.relative_to(path).as_posix(), wrong))
    return Verification(tuple(found))


def accept_run(path: Path) -> Verification:
    """Records the files of a run as they are now: deliberate edits are no damage.

    Raises:
        UserError: this is no run folder, it is in use, or a file of a checkpoint is missing.
        JobError: the folder cannot be written.
    """
    folder = RunFolder(path)
    folder.require()
    with lock_of(path).in_use():
        for place, files in _places(folder):
            for file in files:
                if not file.exists():
                    raise UserError(f"{file} is missing, which cannot be accepted: copy it back")
            Digests(place).replace_all(files)
        return verify_run(path)


def _places(folder: RunFolder) -> Iterator[tuple[Path, list[Path]]]:
    """The folders that have digests of their own, and their files."""
    yield folder.path, recorded_files(folder)
    for checkpoint in sorted(folder.checkpoints.glob("step-*")):
        if checkpoint.name.removeprefix("step-").isdigit() and checkpoint.is_dir():
            yield checkpoint, [checkpoint / name for name in FILES]
