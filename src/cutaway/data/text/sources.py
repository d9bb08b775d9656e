"""Sources of text: a file, a folder, standard input, or the documentation of Python."""

import difflib
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.proteins.fasta import is_fasta, read_fasta
from cutaway.data.readers import ByteStream, Document, is_text, read_file, read_text
from cutaway.data.tables.inputs import is_table, read_documents
from cutaway.data.text import python_docs
from cutaway.errors import UserError, counted_reasons

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Source:
    """Text that can be read repeatedly until it is closed; a `with` block closes it."""

    name: str
    """Its name in messages."""
    documents: Callable[[], Iterator[Document]]
    """Reads it from the start."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """What is skipped, with counts: files of a folder at once, parts of files when they are read."""
    close: Callable[[], None] = lambda: None
    """Removes the temporary file of a pipe; other sources have none."""

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(data: DataConfig) -> Source:
    """Opens the text that a configuration names.

    Raises:
        UserError: the file does not exist, or a folder contains no text.
    """
    if data.path == python_docs.NAME:
        return Source(data.path, lambda: iter([[python_docs.python_docs()]]))
    if data.path == STANDARD_INPUT:
        return _spooled(sys.stdin.buffer, "standard input")
    path = Path(data.path).expanduser()
    if path.is_dir():
        return _folder(path, data.field)
    if not path.exists():
        raise UserError(_missing(path))
    if not path.is_file():
        with path.open("rb") as pipe:
            return _spooled(pipe, str(path))
    if not is_fasta(path) and is_table(path):
        return Source(str(path), lambda: read_documents(path, data.field))
    return _files(str(path), [path], data.field, Counter())


def _spooled(pipe: ByteStream, name: str) -> Source:
    """Copies a pipe to an unnamed temporary file, because a pipe can be read only once."""
    with ExitStack() as stack:
        spool = stack.enter_context(tempfile.TemporaryFile())
        shutil.copyfileobj(pipe, spool)

        def documents() -> Iterator[Document]:
            spool.seek(0)
            yield read_text(spool, name)

        return Source(name, documents, close=stack.pop_all().close)


def _folder(folder: Path, text_field: str) -> Source:
    skipped: Counter[str] = Counter()
    # By parts, because comparing paths ignores case on Windows.
    ordered = sorted(_visible_files(folder, skipped), key=lambda path: path.parts)
    paths = [path for path in ordered if _keep(path, skipped)]
    if not paths:
        counts = counted_reasons(skipped) or "it is empty"
        raise UserError(f"no text files in the folder {folder} ({counts})")
    return _files(str(folder), paths, text_field, +skipped)


def _files(name: str, paths: Sequence[Path], text_field: str, left_out: Counter[str]) -> Source:
    """Files one after the other; each sequence of a FASTA file is a document."""
    skipped = Counter(left_out)

    def documents() -> Iterator[Document]:
        skipped.clear()
        skipped.update(left_out)
        for path in paths:
            if is_fasta(path):
                yield from ([protein.residues] for protein in read_fasta(path, skipped))
            else:
                yield from read_file(path, text_field)

    return Source(name, documents, skipped)


def _visible_files(folder: Path, skipped: Counter[str]) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, onerror=lambda _: skipped.update(["unreadable folders"])):
        visible = [name for name in folders if not name.startswith(".")]
        shown = [name for name in files if not name.startswith(".")]
        skipped["hidden"] += len(folders) - len(visible) + len(files) - len(shown)
        skipped["linked folders"] += sum(Path(parent, name).is_symlink() for name in visible)
        folders[:] = visible
        yield from (Path(parent, name) for name in shown)


def _keep(path: Path, skipped: Counter[str]) -> bool:
    keep = path.is_file() and is_text(path)
    skipped["not text"] += not keep
    return keep


def _missing(path: Path) -> str:
    siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, [*siblings, python_docs.NAME], n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"give a file, a folder, - or {python_docs.NAME}"
    return f"no such file or folder: {path}; {hint}"
