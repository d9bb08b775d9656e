"""Pairs of texts, from a table or from two files that are parallel line by line."""

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.examples import Pair
from cutaway.data.readers import format_of, read_lines, text_of
from cutaway.data.seen import Seen, assignments, unclear
from cutaway.data.tables.names import LANGUAGES, TEXT_PAIRS
from cutaway.data.tables.records import TABLES
from cutaway.data.tables.rows import Row, read_table
from cutaway.errors import UserError

BOTH_SIDES = ("", "txt", *(ending.removeprefix(".") for ending in TABLES))
"""Endings of files with both sides."""


def recognise_parallel(path: Path, data: DataConfig) -> Seen | None:
    """Two files that are parallel line by line, named by what both begin with.

    Raises:
        UserError: there are more, or one of them is named, or there is no such file.
    """
    if path.exists():
        stem = path.with_name(path.name.removesuffix(".gz")).with_suffix("")
        if format_of(path)[1:] in LANGUAGES and len(LANGUAGES.intersection(endings_of(stem))) > 1:
            raise unclear(f"{path.name}: one of parallel files", f"name them by what they begin with: --data {stem}")
        return None
    endings = endings_of(path)
    if len(endings) < 2:
        raise UserError(f"no such file or folder: {path}")
    sides = [data.field, data.target] if data.field in endings and data.target in endings else endings
    if len(sides) != 2:
        advice = "choose two by data.field= and data.target="
        raise unclear(f"{path.name}: {len(endings)} parallel files ({', '.join(endings)})", advice)
    what = f"{path.name}: parallel files .{sides[0]} and .{sides[1]}"
    return Seen(("text_pairs",), what, assignments({"data.field": sides[0], "data.target": sides[1]}))


def read_pairs(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Pair]:
    """The pairs of a table, or of the files `path.field` and `path.target`, which may be compressed (`.gz`).

    A pair with an empty side is skipped and counted.

    Raises:
        UserError: while reading: something cannot be read, or the files differ in their numbers of lines.
    """
    _refuse_one_side(path)
    for row in read_table(path, data, skipped, TEXT_PAIRS) if path.is_file() else _read_parallel(path, data):
        pair = Pair(text_of(row.source, row.place), text_of(row.target, row.place))
        if pair.source.strip() and pair.target.strip():
            yield pair
        else:
            skipped["empty"] += 1


def endings_of(path: Path) -> list[str]:
    """The endings of the files whose names start with this one."""
    start = path.name + "."
    siblings = [sibling.name for sibling in path.parent.glob("*") if sibling.name.startswith(start)]
    return sorted({name.removeprefix(start).removesuffix(".gz") for name in siblings})


def _read_parallel(path: Path, data: DataConfig) -> Iterator[Row]:
    sides = _side(path, data.field), _side(path, data.target)
    for number, texts in enumerate(zip_longest(*map(read_lines, sides)), start=1):
        if None in texts:
            first, second = (sum(1 for _ in read_lines(side)) for side in sides)
            raise UserError(
                f"{sides[0]} has {first:,} lines and {sides[1].name} has {second:,}: they must match line by line"
            )
        yield Row(f"{path}, line {number}", *texts)


def _side(path: Path, ending: str | None) -> Path:
    for name in (f"{path.name}.{ending}", f"{path.name}.{ending}.gz"):
        if path.with_name(name).is_file():
            return path.with_name(name)
    endings = endings_of(path)
    if not endings and path.is_dir():
        raise UserError(f"{path} is a folder: give a file of pairs in it, or what two parallel files begin with")
    if not endings:
        raise UserError(f"no such file: {path}, nor two whose names begin with it")
    raise UserError(
        f"{path} begins the names of several files: choose two by their endings with data.field and data.target; "
        f"there are: {', '.join(endings)}"
    )


def _refuse_one_side(path: Path) -> None:
    """How to name two parallel files, for users who name one of them."""
    both = path.with_name(path.name.removesuffix(".gz")).with_suffix("")
    ending = format_of(path).removeprefix(".")
    others = [one for one in endings_of(both) if one not in (ending, *BOTH_SIDES)]
    if path.is_file() and ending not in BOTH_SIDES and others:
        raise UserError(
            f"{path} is one of two parallel files: name what both begin with, {both}, and choose their endings, "
            f"such as data.field={ending} data.target={others[0]}"
        )
