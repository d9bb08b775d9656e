"""Images with labels or captions, from tables and from archives of arrays; all have the same size and channels."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cutaway.config.data import DataConfig
from cutaway.data.images.pixels import NUMBERS, open_image
from cutaway.data.readers import LARGEST_EXPANDED, format_of
from cutaway.data.seen import Seen, unclear
from cutaway.data.tables.listed_files import read_listed
from cutaway.data.tables.names import Wanted
from cutaway.data.tables.records import TABLES
from cutaway.display import size
from cutaway.errors import UserError, counted, nearest

ARCHIVE = ".npz"
ARRAY = "images"
"""The array of images in an archive, unless another is chosen."""
DAMAGE = (ValueError, TypeError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def recognise_archive(path: Path, data: DataConfig) -> Seen | None:
    """Images with labels or captions in an archive of arrays.

    Raises:
        UserError: it is damaged, or has other arrays.
    """
    if path.suffix.lower() != ARCHIVE:
        return None
    with _opened(path) as archive:
        names = list(archive)
    if ARRAY in names and "labels" in names:
        return Seen(("labelled_images",), f"{path.name}: images with labels")
    if ARRAY in names and "captions" in names:
        return Seen(("captioned_images",), f"{path.name}: images with captions")
    raise unclear(f"{path.name}: arrays {', '.join(names)}")


class Found(NamedTuple):
    """An image, (height, width, channels), its label or caption, and its name in messages."""

    name: str
    pixels: np.ndarray
    target: Any


def read_described(path: Path, data: DataConfig, array: str, wanted: Wanted, skipped: Counter[str]) -> Iterator[Found]:
    """The images that a table names by relative paths, or that an archive of arrays contains.

    Args:
        path: a table with a header (`.tsv`, `.csv`, `.jsonl`, `.json`, `.parquet`), or an `.npz` archive.
        data: may choose the two columns, or the two arrays.
        array: of an archive, the labels or captions, unless another is chosen.
        wanted: the usual names of the columns of a table.
        skipped: counts rows without an image.

    Raises:
        UserError: while reading: something cannot be read, or an image differs from the first.
    """
    if path.suffix.lower() == ARCHIVE:
        is_chosen = data.field != DataConfig().field
        return _read_archive(path, data.field if is_chosen else ARRAY, data.target or array)
    if format_of(path) in TABLES:
        return refuse_unlike(_read_rows(path, data, wanted, skipped))
    raise UserError(f"{path}: images come by a table ({', '.join(TABLES)}) that names them, or as arrays ({ARCHIVE})")


def refuse_unlike(found: Iterable[Found]) -> Iterator[Found]:
    """Yields images that all have the same size and channels: nothing is resized silently.

    Raises:
        UserError: while reading: one differs from the first; names both.
    """
    first: Found | None = None
    for one in found:
        first = first or one
        if one.pixels.shape != first.pixels.shape:
            raise UserError(
                f"images of one set have one form, and {first.name} is {_form(first)}, {one.name} {_form(one)}: "
                f"crop, scale or convert one of them, or leave it out"
            )
        yield one


def _form(found: Found) -> str:
    height, width, channels = found.pixels.shape
    return f"{height} × {width} pixels {'in grey' if channels == 1 else f'of {channels} channels'}"


def _read_rows(path: Path, data: DataConfig, wanted: Wanted, skipped: Counter[str]) -> Iterator[Found]:
    for place, file, target in read_listed(path, data, skipped, wanted):
        try:
            yield Found(str(file), open_image(file), target)
        except UserError as error:
            raise UserError(f"{place}: {error}") from error


def _read_archive(path: Path, array: str, target: str) -> Iterator[Found]:
    arrays = _open_archive(path, (array, target))
    images = _as_images(arrays[array], f"{path}, {array!r}")
    if arrays[target].shape != images.shape[:1]:
        raise UserError(
            f"{path}, {target!r}: the shape is {arrays[target].shape}, "
            f"and {array!r} holds {counted(len(images), 'image')}"
        )
    for number, (pixels, one) in enumerate(zip(images, arrays[target].astype(str).tolist(), strict=True), start=1):
        yield Found(f"image {number} of {path}", pixels, one)


def _open_archive(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays with these names.

    Raises:
        UserError: the archive cannot be read, or lacks such an array.
    """
    with _opened(path) as archive:
        for name in names:
            if name not in archive:
                raise UserError(f"{path}: no array {name!r}; {nearest(name, archive)} (see data.field, data.target)")
            _refuse_bomb(archive.zip.getinfo(f"{name}.npy"), path)
        return {name: archive[name] for name in names}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """An archive, while it is read.

    Raises:
        UserError: it cannot be read, or what is read is damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            yield archive
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except DAMAGE as error:
        raise UserError(
            f"{path} is not an archive of plain arrays, or is damaged: write it with numpy.savez(PATH, images=…, …)"
        ) from error


def _refuse_bomb(array: zipfile.ZipInfo, path: Path) -> None:
    """Rejects an array that expands to far more than its file, as arrays of one number do."""
    if array.file_size > LARGEST_EXPANDED and array.file_size > 100 * array.compress_size:
        raise UserError(f"{path}: {array.filename} expands to {size(array.file_size)}: write it by numpy.savez")


def _as_images(array: np.ndarray, place: str) -> np.ndarray:
    """Images with channels, (N, height, width, channels).

    Raises:
        UserError: they are not images.
    """
    images = array[..., None] if array.ndim == 3 else array
    if images.ndim != 4 or images.dtype.kind not in NUMBERS or 0 in images.shape[1:]:
        raise UserError(
            f"{place}: {array.dtype} of the shape {array.shape}, where numbers are expected: (images, height, "
            f"width) or (images, height, width, channels)"
        )
    if not np.isfinite(images).all():
        raise UserError(f"{place}: some numbers are not finite")
    return images
