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
from cutaway.data.labels import labels_of
from cutaway.data.tables.listed_files import read_listed
from cutaway.errors import UserError


def read_recordings(
    path: Path, data: DataConfig, skipped: Counter[str], *, are_numbers: bool = False
) -> Iterator[LabelledAudio]:
    """The recordings of a folder with a subfolder per label, or those that a table names.

    The paths in a table are relative to it. Rows without a path or a label, and files with other endings, are skipped
    and counted. With `are_numbers`, labels are finite numbers.

    Raises:
        UserError: while reading: something cannot be read.
    """
    if path.is_dir():
        for file, label in files_by_label(path, ENDINGS, skipped):
            labels = labels_of(label, str(file), skipped, are_numbers=True) if are_numbers else (label,)
            if labels is not None:
                yield _read(file, labels)
    elif path.suffix.lower() in ENDINGS:
        raise UserError(f"{path} is a single recording: give a folder with a folder for each label, or a table")
    else:
        for place, file, target in read_listed(path, data, skipped):
            if (found := labels_of(target, place, skipped, are_numbers=are_numbers)) is not None:
                yield _read(file, found)


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


def _read(path: Path, labels: tuple[str, ...]) -> LabelledAudio:
    samples, rate = read_sound(path)
    return LabelledAudio(str(path), Array.of(samples), rate, labels)
