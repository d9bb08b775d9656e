"""Labelled images, from a folder per label, from a table or from an archive of arrays."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.arrays import Array
from cutaway.data.examples import LabelledImage
from cutaway.data.images.described import Found, read_described, refuse_unlike
from cutaway.data.images.pixels import ENDINGS, open_image
from cutaway.data.label_folders import files_by_label
from cutaway.data.labels import labels_of
from cutaway.data.tables.names import LABELLED_FILES

ARRAY = "labels"


def read_images(
    path: Path, data: DataConfig, skipped: Counter[str], *, are_numbers: bool = False
) -> Iterator[LabelledImage]:
    """The labelled images of a folder with a subfolder per label, of a table, or of an archive.

    Other files and images without a label are skipped and counted. With `are_numbers`, labels are finite numbers.

    Raises:
        UserError: while reading: something cannot be read, or an image differs from the first.
    """
    found = (
        refuse_unlike(_read_folder(path, skipped))
        if path.is_dir()
        else read_described(path, data, ARRAY, LABELLED_FILES, skipped)
    )
    is_named = path.is_dir() and not are_numbers  # a folder may be called nan
    for one in found:
        labels = (one.target,) if is_named else labels_of(one.target, one.name, skipped, are_numbers=are_numbers)
        if labels is not None:
            yield LabelledImage(Array.of(one.pixels), labels)


def _read_folder(path: Path, skipped: Counter[str]) -> Iterator[Found]:
    for file, label in files_by_label(path, ENDINGS, skipped):
        yield Found(str(file), open_image(file), label)
