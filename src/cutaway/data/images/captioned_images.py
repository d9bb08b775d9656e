"""Images with captions, from a table or from an archive of arrays."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.arrays import Array
from cutaway.data.examples import CaptionedImage
from cutaway.data.images.described import read_described
from cutaway.data.readers import text_of
from cutaway.data.tables.names import CAPTIONED_FILES
from cutaway.data.tables.records import TABLES
from cutaway.errors import UserError

ARRAY = "captions"
NAMES = tuple(f"captions{ending}" for ending in TABLES)


def read_captions(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[CaptionedImage]:
    """The captioned images of a table, of a folder with a table called captions, or of an archive.

    Images without a caption are skipped and counted.

    Raises:
        UserError: while reading: something cannot be read, or an image differs from the first.
    """
    for one in read_described(_table_of(path) if path.is_dir() else path, data, ARRAY, CAPTIONED_FILES, skipped):
        caption = text_of(one.target, one.name).strip()
        if caption:
            yield CaptionedImage(Array.of(one.pixels), caption)
        else:
            skipped["without a caption"] += 1


def _table_of(folder: Path) -> Path:
    """The table in a folder of images.

    Raises:
        UserError: there is none, or several.
    """
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if len(found) == 1:
        return found[0]
    raise UserError(f"{folder} holds {len(found) or 'none'} of {', '.join(NAMES)}: name the table itself")
