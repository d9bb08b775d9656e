"""Labelled recordings: files in folders, or named by a table."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from cutaway.config.data import DataConfig
from cutaway.data.arrays import Array
from cutaway.data.audio.compressed import ENDINGS, read_sound
from cutaway.data.audio.wav import require_rate
from cutaway.data.examples import LabelledAudio
from cutaway.data.label_folders import files_by_label
from cutaway.data.tables.labelled_texts import labels_of
from cutaway.data.tables.listed_files import read_listed
from cutaway.errors import UserError


def read_recordings(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[LabelledAudio]:
    """The recordings of a folder with a subfolder per label, or those that a table names.

    A table is CSV, TSV or JSONL with a header; its paths are relative to it. Rows without a path or a label, and files
    with other endings, are skipped and counted.

    Raises:
        UserError: while reading: something cannot be read.
    """
    if path.is_dir():
        for file, label in files_by_label(path, ENDINGS, skipped):
            yield _read(file, (label,))
    elif path.suffix.lower() in ENDINGS:
        raise UserError(f"{path} is a single recording: give a folder with a folder for each label, or a table")
    else:
        yield from _read_listed(path, data, skipped)


def samples_of(given: Any, rate: int) -> Float[np.ndarray, " N"]:
    """The samples of a recording given as a path or as an array.

    Raises:
        UserError: the file cannot be read or has another sample rate, or the array does not contain samples.
    """
    if not isinstance(given, np.ndarray):
        return read_sound(Path(given), rate)[0]
    if given.ndim != 1 or not len(given) or not np.issubdtype(given.dtype, np.floating):
        raise UserError(
            f"a recording is a one-dimensional array of floating-point samples from -1 to 1, but this one is "
            f"{given.dtype} {given.shape}: average its channels, and divide integers by the largest"
        )
    return given


def samples_at(recording: LabelledAudio, rate: int) -> Float[np.ndarray, " N"]:
    """The samples of an example.

    Raises:
        UserError: it has another sample rate.
    """
    require_rate(Path(recording.path), recording.rate, rate)
    return recording.samples.values()


def _read_listed(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[LabelledAudio]:
    for place, file, target in read_listed(path, data, skipped):
        labels = labels_of(target, place)
        if "" in labels:
            skipped["without a label"] += 1
        else:
            yield _read(file, labels)


def _read(path: Path, labels: tuple[str, ...]) -> LabelledAudio:
    samples, rate = read_sound(path)
    return LabelledAudio(str(path), Array.of(samples), rate, labels)
