"""What data is for: the task, the fields and a preset that fits, from its first lines and the names of its files."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.config.data import DataConfig
from cutaway.config.reading import load_preset, override, presets
from cutaway.config.run import RunConfig
from cutaway.data.audio.compressed import ENDINGS as SOUNDS
from cutaway.data.images.captioned_images import NAMES as CAPTION_TABLES
from cutaway.data.images.described import ARCHIVE
from cutaway.data.images.pixels import ENDINGS as IMAGES
from cutaway.data.proteins.fasta import is_fasta, read_fasta
from cutaway.data.readers import format_of, opened, plugin_reader, read_text, split_lines
from cutaway.data.splits import TRAINING, split_of
from cutaway.data.tables.names import FILES, LANGUAGES, SOURCES, TARGETS
from cutaway.data.tables.records import JSON_LINES, json_kind
from cutaway.data.tables.squad import read_squad
from cutaway.data.tables.text_pairs import endings_of
from cutaway.data.text import python_docs
from cutaway.data.text.sources import STANDARD_INPUT
from cutaway.errors import UserError, counted
from cutaway.metrics.entities import PREFIXES
from cutaway.runs.columns import FILE_TASKS, MOST_ROWS, Roles, read_head, roles_of
from cutaway.runs.requirements import chosen_by_task, fits_body, needs_of

PRESETS = {
    "language_modeling": "gpt-nano",
    "masked_language_modeling": "bert-nano",
    "sequence_to_sequence": "t5-nano",
    "sequence_classification": "bert-nano",
    "token_classification": "bert-nano",
    "question_answering": "bert-nano",
    "image_classification": "vit-nano",
    "image_captioning": "caption-nano",
    "audio_classification": "audio-nano",
    "graph_classification": "graph-nano",
    "algorithmic": "sorter",
}
"""The preset for each task."""
PROTEINS = "protein-nano"
ON_TEXT = ("language_modeling", "masked_language_modeling")
ON_PAIRS = ("sequence_to_sequence", "sequence_classification")
TABLES = (".csv", ".tsv", *JSON_LINES)
TAGGED = (".conll", ".iob", ".iob2", ".bio")
GRAPHS = (".edges", ".edgelist", ".graphs")
TAG = re.compile(rf"O|[{PREFIXES}]-\S+")
NAMED = re.compile(r"(sp|tr)\|")
"""Ids of UniProt, after which the header has the name of the protein instead of a label."""
MARKS = ("-DOCSTART-", "#")
FILES_SEEN = 10_000
LINES_SEEN = 200


@dataclass(frozen=True)
class Guess:
    """What data is for.

    Attributes:
        task: the kind of the task.
        preset: a preset for it.
        assignments: the fields and other choices that the data needs, as `override` takes them.
        data: what was seen, in words.
    """

    task: str
    preset: str
    assignments: tuple[str, ...]
    data: str

    @property
    def seen(self) -> str:
        """What was seen and what follows, in one line."""
        return f"{self.data} -> {self.task.replace('_', '-')} with {self.preset}"


def guess(data: DataConfig, task: str | None = None) -> Guess:
    """What the data of a run is for.

    Args:
        data: the path, and perhaps fields, of the data; only its beginning is read.
        task: the task, if it is known: then only the preset and the fields are guessed.

    Raises:
        UserError: it is unclear; says what was seen, and what to write.
    """
    try:
        found = _look(data)
    except UserError:
        if task is None:
            raise
        return Guess(kind_of(task), preset_for(kind_of(task)), (), data.path)
    kind = found.task if task is None else kind_of(task, load_preset(found.preset))
    if kind == found.task:
        return found
    kept = ("data.field=",) if kind in ON_TEXT else ()
    kept = ("data.",) if {kind, found.task} <= set(ON_PAIRS) else kept
    fields = tuple(one for one in found.assignments if kept and one.startswith(kept))
    preset = PROTEINS if found.preset == PROTEINS and kind in (*ON_TEXT[1:], *ON_PAIRS[1:]) else preset_for(kind)
    return Guess(kind, preset, fields, found.data)


def kind_of(task: str, config: RunConfig | None = None) -> str:
    """The kind of a task by any of its names, which may depend on what a model reads.

    Raises:
        UserError: there is none, or it cannot be trained.
    """
    return chosen_by_task(task, config or RunConfig())[0].partition("=")[2]


def preset_for(kind: str) -> str:
    """A preset for a kind of task; for that of another package, a small one whose model fits.

    Raises:
        UserError: there is none.
    """
    if kind in PRESETS:
        return PRESETS[kind]
    needs = needs_of(override(RunConfig(), [f"task={kind}"]).task)
    for name in presets():
        if name.endswith("-nano") and fits_body(needs, load_preset(name)):
            return name
    raise UserError(f"no preset fits the task {kind}: name a run file with a model that it needs")


def _look(data: DataConfig) -> Guess:
    if data.path in (STANDARD_INPUT, python_docs.NAME):
        return _guess("language_modeling", "text")
    path = Path(data.path).expanduser()
    if path.is_dir():
        return _of_folder(path, data)
    if not path.exists() and len(endings_of(path)) >= 2:
        return _of_parallel(path, data)
    if not path.exists():
        raise UserError(f"no such file or folder: {path}")
    if not path.is_file():
        return _guess("language_modeling", f"{path.name}: a pipe")
    return _of_file(path, data)


def _guess(task: str, data: str, *assignments: str, preset: str | None = None) -> Guess:
    return Guess(task, preset or preset_for(task), assignments, data)


def _of_folder(folder: Path, data: DataConfig) -> Guess:
    tables = [name for name in CAPTION_TABLES if (folder / name).is_file()]
    if tables:
        return _guess("image_captioning", f"{folder.name}: images with {tables[0]}")
    files = list(islice(_visible(folder), FILES_SEEN))
    counts = Counter(format_of(file) for file in files)
    has_folders = any(file.parent != folder for file in files)
    for endings, task, what in (
        (IMAGES, "image_classification", "image"),
        (SOUNDS, "audio_classification", "recording"),
    ):
        count = sum(counts[ending] for ending in endings)
        if count <= len(files) / 2:
            continue
        if has_folders:
            return _guess(task, f"{folder.name}: {counted(count, what)} in folders")
        advice = "put those of each label into a folder of its name, or give a table with their paths to --data"
        raise _unclear(f"{folder.name}: {counted(count, what)}", advice)
    split = _split(folder)
    if split:
        found = _of_file(split[0], data.model_copy(update={"path": str(split[0])}))
        paths = zip(("data.path", "data.validation_path"), split, strict=False)
        moved = tuple(f"{key}={json.dumps(str(path), ensure_ascii=False)}" for key, path in paths)
        return replace(found, assignments=(*moved, *found.assignments))
    if files and all(is_fasta(file) for file in files):
        return _guess(
            "masked_language_modeling", f"{folder.name}: {counted(len(files), 'FASTA file')}", preset=PROTEINS
        )
    if example := next((file for file in files if _format(file) in _EXAMPLES), None):
        raise _unclear(
            f"{folder.name}: {counted(len(files), 'file')}, such as {example.name}", f"name one: --data {example}"
        )
    if sides := sorted({_format(file)[1:] for file in files} & LANGUAGES):
        advice = f"name two parallel files by what both begin with, such as --data {folder / TRAINING[0]}"
        raise _unclear(f"{folder.name}: {counted(len(files), 'file')} ending in {', '.join(sides)}", advice)
    if not files:
        raise UserError(f"{folder} has no files")
    return _guess("language_modeling", f"{folder.name}: {counted(len(files), 'file')} of text")


def _split(folder: Path) -> tuple[Path, ...]:
    """The file of examples to train on, and the one to validate on, if both are named so."""
    split = split_of(path for path in folder.iterdir() if _format(path) in _EXAMPLES)
    return () if split is None else tuple(path for path in split[:2] if isinstance(path, Path))


_EXAMPLES = (*TABLES, ".parquet", *TAGGED, *GRAPHS, ".json", ".fasta")


def _format(path: Path) -> str:
    return ".fasta" if is_fasta(path) else format_of(path)


def _visible(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(files) if not name.startswith("."))


def _of_parallel(path: Path, data: DataConfig) -> Guess:
    """Two files that are parallel line by line."""
    endings = endings_of(path)
    sides = [data.field, data.target] if data.field in endings and data.target in endings else endings
    if len(sides) != 2:
        raise _unclear(f"{path.name}: {len(endings)} parallel files ({', '.join(endings)})", "choose two by "
                       "data.field= and data.target=")  # fmt: skip
    chosen = [f"data.field={sides[0]}", f"data.target={sides[1]}"]
    return _guess("sequence_to_sequence", f"{path.name}: parallel files .{sides[0]} and .{sides[1]}", *chosen)


def _of_file(path: Path, data: DataConfig) -> Guess:
    kind, name = format_of(path), path.name
    if is_fasta(path):
        return _of_proteins(path, data)
    if kind in TAGGED:
        return _guess("token_classification", f"{name}: words with tags")
    if kind in GRAPHS:
        return _guess("graph_classification", f"{name}: graphs")
    if path.suffix.lower() == ARCHIVE:
        return _of_archive(path)
    if kind == ".json":
        return _of_json(path, data)
    if kind in (*SOUNDS, *IMAGES):
        raise _unclear(f"{name}: a single file", "give a folder with a folder for each label, or a table of paths")
    if kind == ".parquet" or plugin_reader(path) is not None:
        return _of_table(path, data)
    if kind in TABLES:
        return _of_tagged(path) or _of_table(path, data)
    stem = path.with_name(path.name.removesuffix(".gz")).with_suffix("")
    if kind[1:] in LANGUAGES and len(LANGUAGES.intersection(endings_of(stem))) > 1:
        raise _unclear(f"{name}: one of parallel files", f"name them by what they begin with: --data {stem}")
    if json_kind(path) is not None:
        return _of_table(path, data)
    return _of_tagged(path) or _of_tabs(path, data) or _guess("language_modeling", f"{name}: text")


def _of_proteins(path: Path, data: DataConfig) -> Guess:
    proteins = list(islice(read_fasta(path, Counter(), data.target), MOST_ROWS))
    if not proteins:
        raise UserError(f"{path} has no sequences")
    labels = [protein.label for protein in proteins if protein.label and not NAMED.match(protein.id)]
    if 1 < len(set(labels)) <= len(labels) / 2 and len(labels) > len(proteins) / 2:
        return _guess(
            "sequence_classification", f"{path.name}: proteins, {counted(len(set(labels)), 'label')}", preset=PROTEINS
        )
    return _guess("masked_language_modeling", f"{path.name}: proteins without labels", preset=PROTEINS)


def _of_archive(path: Path) -> Guess:
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = list(archive)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} is not an archive of arrays: {error}") from error
    for target, task in (("labels", "image_classification"), ("captions", "image_captioning")):
        if {"images", target} <= set(names):
            return _guess(task, f"{path.name}: images with {target}")
    raise _unclear(f"{path.name}: arrays {', '.join(names)}")


def _of_json(path: Path, data: DataConfig) -> Guess:
    """Questions in the JSON of SQuAD, or an array of examples."""
    try:
        next(iter(read_squad(path, data, Counter())), None)
        return _guess("question_answering", f"{path.name}: questions with answers in contexts")
    except UserError as error:
        try:
            return _of_table(path, data)
        except UserError:
            advice = "write an array of examples, or one object per line (.jsonl)"
            raise _unclear(f"{path.name}: JSON, but not that of SQuAD", advice) from error


def _of_tagged(path: Path) -> Guess | None:
    """Words with tags, an empty line after each sentence."""
    lines = [line for line in _lines(path) if not line.startswith(MARKS)]
    rows = [line.split() for line in lines if line.strip()]
    if len(rows) < len(lines) and rows and all(len(row) > 1 and TAG.fullmatch(row[-1]) for row in rows):
        return _guess("token_classification", f"{path.name}: words with tags")
    return None


def _of_tabs(path: Path, data: DataConfig) -> Guess | None:
    """A table by its tabs, whatever its name."""
    tabs = {line.count("\t") for line in _lines(path) if line.strip()}
    return _of_table(path, data) if len(tabs) == 1 and tabs != {0} else None


def _lines(path: Path) -> list[str]:
    """The first lines of a file, without the last, which may be cut short.

    Raises:
        UserError: it is not text.
    """
    with opened(path) as file:
        text = next(iter(read_text(file, str(path))), "")
    if "\0" in text:
        raise UserError(f"{path} is not text: give text, a table, or a folder of files")
    return split_lines(text)[:LINES_SEEN]


def _of_table(path: Path, data: DataConfig) -> Guess:
    table = read_head(path, data.header)
    what = f"{path.name}: {table.shown}"
    roles = roles_of(table, data)
    if roles is None and format_of(path) == ".parquet" and data.field in table.columns:
        return _guess("language_modeling", f"{path.name}: texts in {data.field}")
    if roles is None:
        raise _unclear(what)
    chosen = _fields(roles, list(table.columns))
    if roles.problem != "single_label":
        chosen.append(f"task.problem={roles.problem}")
    return _guess(roles.task, f"{what}; {roles.detail}" if roles.detail else what, *chosen)


def _fields(roles: Roles, names: list[Any]) -> list[str]:
    """The assignments of fields, unless they are those that a reader finds by itself."""
    usual = FILES[:1] if roles.task in FILE_TASKS else ("text",) if roles.task in ON_TEXT else SOURCES
    own = next((name for name in usual if name in names), None), next((name for name in TARGETS if name in names), None)
    given = {"data.field": roles.field, "data.target": roles.target}
    if (roles.field, roles.target) == (0, 1) or (roles.field, roles.target or own[1]) == own:
        return []
    numbered = {key: str(name + 1) if isinstance(name, int) else name for key, name in given.items()}
    return [f"{key}={json.dumps(name, ensure_ascii=False)}" for key, name in numbered.items() if name is not None]


def _unclear(seen: str, advice: str = "choose the fields with data.field= and data.target=") -> UserError:
    return UserError(f"{seen}: what this is for is unclear; {advice}, or the task with --task")
