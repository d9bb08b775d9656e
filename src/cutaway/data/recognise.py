"""What a file or a folder holds: each reader says whether it recognises it."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from cutaway.config.data import DataConfig, DataKind
from cutaway.data.audio.compressed import ENDINGS as SOUNDS
from cutaway.data.graphs.edge_lists import ENDINGS as GRAPHS
from cutaway.data.graphs.edge_lists import recognise_graphs
from cutaway.data.images.captioned_images import NAMES as CAPTION_TABLES
from cutaway.data.images.described import recognise_archive
from cutaway.data.images.pixels import ENDINGS as IMAGES
from cutaway.data.label_folders import split_folders
from cutaway.data.proteins.fasta import is_fasta, recognise_proteins
from cutaway.data.readers import format_of
from cutaway.data.seen import Seen, assignments, first_lines, unclear
from cutaway.data.splits import TRAINING, split_of
from cutaway.data.tables.labelled_texts import ENDINGS as TEXTS
from cutaway.data.tables.names import LANGUAGES
from cutaway.data.tables.records import TABLES
from cutaway.data.tables.roles import recognise_table
from cutaway.data.tables.squad import recognise_questions
from cutaway.data.tables.tagged import ENDINGS as TAGGED
from cutaway.data.tables.tagged import recognise_tagged
from cutaway.data.tables.text_pairs import recognise_parallel
from cutaway.data.text import python_docs
from cutaway.data.text.sources import STANDARD_INPUT
from cutaway.errors import UserError, counted

FILES_SEEN = 10_000
EXAMPLES = (*TABLES, *TAGGED, *GRAPHS)
"""Endings of files of examples; those of FASTA are others."""
FOLDERS: tuple[tuple[tuple[str, ...], DataKind, str], ...] = (
    (IMAGES, "labelled_images", "image"),
    (SOUNDS, "labelled_recordings", "recording"),
)
"""Files that folders label: their endings, the kind of data, and their name in words."""


def recognise(data: DataConfig) -> Seen:
    """What the data of a run is; only its beginning is read.

    Raises:
        UserError: it is unclear; says what was seen, and what to write.
    """
    if data.path in (STANDARD_INPUT, python_docs.NAME):
        return Seen(("text",), "text")
    path = Path(data.path).expanduser()
    if path.exists() and not path.is_file() and not path.is_dir():
        return Seen(("text",), f"{path.name}: a pipe")
    for recogniser in OF_FOLDERS if path.is_dir() else OF_FILES:
        if seen := recogniser(path, data):
            return seen
    return Seen(("text",), f"{path.name}: text")


def _single(path: Path, data: DataConfig) -> Seen | None:
    """Refuses a single image or recording."""
    if format_of(path) in (*SOUNDS, *IMAGES):
        advice = "give a folder with a folder for each label, or a table of paths"
        raise unclear(f"{path.name}: a single file", advice)
    return None


def _of_fasttext(path: Path, data: DataConfig) -> Seen | None:
    """Refuses text in which labels of fastText begin the lines."""
    lines = [line for line in first_lines(path) if line.strip()]
    if lines and all(line.startswith("__label__") for line in lines):
        advice = "write each line as the text, a tab and the label, and let the name end with .tsv"
        raise unclear(f"{path.name}: lines with the labels of fastText", advice)
    return None


def _captioned(folder: Path, data: DataConfig) -> Seen | None:
    """Images with a table of captions."""
    tables = [name for name in CAPTION_TABLES if (folder / name).is_file()]
    return Seen(("captioned_images",), f"{folder.name}: images with {tables[0]}") if tables else None


def _labelled(folder: Path, data: DataConfig) -> Seen | None:
    """Images or recordings in folders that are named by their labels."""
    files = visible(folder)
    counts = Counter(format_of(file) for file in files)
    inner = {file.relative_to(folder).parts[0] for file in files if file.parent != folder}
    for endings, kind, what in FOLDERS:
        count = sum(counts[ending] for ending in endings)
        if count <= len(files) / 2:
            continue
        if len(inner) < 2 and (table := _table_in(folder)):
            return _listed(table, data, f"{folder.name}: {counted(count, what)} and {table.name}")
        if inner:
            return Seen((kind,), f"{folder.name}: {counted(count, what)} in folders")
        advice = "put those of each label into a folder of its name, or give a table with their paths to --data"
        raise unclear(f"{folder.name}: {counted(count, what)}", advice)
    return None


def _table_in(folder: Path) -> Path | None:
    """The only table in a folder, or the one to train on."""
    tables = [path for path in sorted(folder.iterdir()) if format_of(path) in TABLES]
    split = split_of(tables)
    return tables[0] if len(tables) == 1 else None if split is None else split.training


def _listed(table: Path, data: DataConfig, what: str) -> Seen:
    """A table that names the files beside it.

    Raises:
        UserError: it does not.
    """
    seen = recognise(data.model_copy(update={"path": str(table)}))
    if seen.kinds[0] not in {kind for _, kind, _ in FOLDERS}:
        advice = "give it a column of their paths, with endings, named path, and one named label"
        raise unclear(f"{what}, which does not name them", advice)
    return replace(seen, choices=(*assignments({"data.path": str(table)}), *seen.choices))


def _split(folder: Path, data: DataConfig) -> Seen | None:
    """A file of examples to train on, and perhaps one to validate on, that are named so."""
    split = split_of(path for path in folder.iterdir() if _is_of_examples(path))
    if split is None:
        return None
    seen = recognise(data.model_copy(update={"path": str(split.training)}))
    moved, words = {"data.path": str(split.training)}, seen.words
    if split.validation and _kind(split.validation, data) == seen.kinds[0]:
        moved["data.validation_path"] = str(split.validation)
    elif split.validation:
        words += f"; {split.validation.name}, which holds other columns, is left out"
    return Seen(seen.kinds, words, (*assignments(moved), *seen.choices))


def _kind(path: Path, data: DataConfig) -> DataKind | None:
    try:
        return recognise(data.model_copy(update={"path": str(path)})).kinds[0]
    except UserError:
        return None


def _texts(folder: Path, data: DataConfig) -> Seen:
    """Files of proteins, or otherwise of text.

    Raises:
        UserError: files of examples are among them, or there is no file.
    """
    files = visible(folder)
    if not files:
        raise UserError(f"{folder} has no files")
    if all(is_fasta(file) for file in files):
        return Seen(("proteins",), f"{folder.name}: {counted(len(files), 'FASTA file')}")
    if example := next((file for file in files if _is_of_examples(file)), None):
        what = f"{folder.name}: {counted(len(files), 'file')}, such as {example.name}"
        raise unclear(what, f"name one: --data {example}")
    if sides := sorted({format_of(file)[1:] for file in files} & LANGUAGES):
        advice = f"name two parallel files by what both begin with, such as --data {folder / TRAINING[0]}"
        raise unclear(f"{folder.name}: {counted(len(files), 'file')} ending in {', '.join(sides)}", advice)
    if split_folders(folder) and all(format_of(file) in TEXTS for file in files):
        return Seen(("labelled_texts", "text"), f"{folder.name}: {counted(len(files), 'text')} in folders")
    return Seen(("text",), f"{folder.name}: {counted(len(files), 'text file')}")


def _is_of_examples(path: Path) -> bool:
    return is_fasta(path) or format_of(path) in EXAMPLES


def visible(folder: Path) -> list[Path]:
    """The first files at any depth, without hidden ones."""
    return list(islice(_walk(folder), FILES_SEEN))


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(files) if not name.startswith("."))


Recogniser = Callable[[Path, DataConfig], Seen | None]
OF_FILES: tuple[Recogniser, ...] = (
    recognise_parallel,
    recognise_proteins,
    recognise_graphs,
    recognise_archive,
    recognise_questions,
    _single,
    recognise_tagged,
    recognise_table,
    _of_fasttext,
)
"""Asked in this order; the first that recognises a file decides."""
OF_FOLDERS: tuple[Recogniser, ...] = (_captioned, _labelled, _split, _texts)
