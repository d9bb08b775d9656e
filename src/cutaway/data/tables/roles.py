"""What a table is for: by the names of its columns, and otherwise by their values."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.config.data import DataConfig, DataKind
from cutaway.data.audio.compressed import ENDINGS as SOUNDS
from cutaway.data.images.pixels import ENDINGS as IMAGES
from cutaway.data.readers import format_of
from cutaway.data.seen import CHOOSE_FIELDS, CHOOSE_NUMBERS, Seen, assignments, first_lines, unclear
from cutaway.data.tables.fields import chosen_fields
from cutaway.data.tables.head import MOST_ROWS, SHOWN, Table, number_of, read_head
from cutaway.data.tables.names import (
    CAPTIONS,
    CLASSES,
    FILES,
    NUMBERS,
    PAIRS,
    SOURCES,
    TARGETS,
    TEXTS,
    all_named,
    languages_in,
    named,
    normal,
    same,
)
from cutaway.data.tables.records import TABLES, has_names
from cutaway.data.tables.rows import separator_of
from cutaway.errors import UserError, counted, listed, quoted

DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
ALSO: dict[DataKind, tuple[DataKind, ...]] = {
    "labelled_texts": ("text_pairs", "text"),
    "text_pairs": ("labelled_texts", "text"),
}
"""What the same columns can be read as."""


@dataclass(frozen=True)
class Roles:
    """What a table is for.

    Attributes:
        kind: of the rows.
        field: the column of the input.
        target: the column of the target, if there is one.
        problem: of a classification.
        detail: what was seen in the columns, in words; may be empty.
    """

    kind: DataKind
    field: Any
    target: Any = None
    problem: str = "single_label"
    detail: str = ""


KINDS_OF_FILES: tuple[tuple[DataKind, tuple[str, ...]], ...] = (
    ("labelled_images", IMAGES),
    ("labelled_recordings", SOUNDS),
)


def recognise_table(path: Path, data: DataConfig) -> Seen | None:
    """A table in any format, also one of columns separated by tabs under another name.

    Raises:
        UserError: it is unclear what it is for, or it cannot be read.
    """
    if not (format_of(path) in TABLES or has_names(path) or _has_tabs(path)):
        return None
    table = read_head(path, data.header)
    if not table.columns:
        raise UserError(f"{path} is empty: give examples")
    what = f"{path.name}: {table.shown}"
    if not any(table.columns.values()):
        raise UserError(f"{what}, and no row: give examples")
    roles = roles_of(table, data)
    if roles is None and format_of(path) == ".parquet" and data.field in table.columns:
        return Seen(("text",), f"{path.name}: texts in {data.field}")
    if roles is None:
        if chat := next((name for name in table.names if _is_chat(table.columns[name])), None):
            advice = "write each as one text, in a field text, or as a prompt and its completion"
            raise unclear(f"{what}; {chat} has conversations", advice)
        first = "" if table.names else f" ({listed((cells[0] for cells in table.columns.values()), SHOWN)})"
        raise unclear(what + first, _advice(path, table))
    if len(table.names) > 2 and roles.target is not None:
        what += f", of which {roles.field} and {roles.target} are read"
    problem = {"task.problem": roles.problem} if roles.problem != "single_label" else {}
    return Seen(
        (roles.kind, *ALSO.get(roles.kind, ())),
        f"{what}; {roles.detail}" if roles.detail else what,
        assignments({**_fields(roles, list(table.columns)), **problem}),
    )


def _is_chat(values: Sequence[Any]) -> bool:
    """Whether values are lists of turns, each with a role."""
    lists = [value for value in values if isinstance(value, list) and value]
    return any(isinstance(turn, dict) and {"role", "from"} & turn.keys() for value in lists for turn in value[:1])


def _advice(path: Path, table: Table) -> str:
    """How to say what a table is for."""
    if len(table.columns) == 1 and not has_names(path) and format_of(path) != ".csv":
        delimiter, width = separator_of(first_lines(path))
        if width > 1:
            return f"rename it to .csv, because {delimiter!r} separates its columns"
    return CHOOSE_FIELDS if table.names else CHOOSE_NUMBERS


def _has_tabs(path: Path) -> bool:
    tabs = {line.count("\t") for line in first_lines(path) if line.strip()}
    return len(tabs) == 1 and tabs != {0}


def _fields(roles: Roles, names: list[Any]) -> dict[str, str | None]:
    """The columns to choose; none if they are those that a reader finds by itself."""
    of_files = roles.kind in ("labelled_images", "labelled_recordings", "captioned_images")
    usual = FILES[:1] if of_files else ("text",) if roles.kind == "text" else SOURCES
    own = next((name for name in usual if name in names), None), next((name for name in TARGETS if name in names), None)
    if (roles.field, roles.target) == (0, 1) or (roles.field, roles.target or own[1]) == own:
        return {}
    given = {"data.field": roles.field, "data.target": roles.target}
    return {key: str(name + 1) if isinstance(name, int) else name for key, name in given.items()}


def roles_of(table: Table, data: DataConfig) -> Roles | None:
    """What a table is for, or None if that is unclear; columns that the configuration chooses are taken as they are."""
    field, target = (None if name is None else _column(table, name) for name in chosen_fields(data))
    if field is not None and target is not None:
        return _labelled(table, field, target) or Roles("text_pairs", field, target)
    return _files(table, field, target) or _texts(table, field, target) or _by_values(table, field, target)


def _column(table: Table, name: str) -> Any:
    """The column with this name, or with this number, from 1, of a table without a header."""
    found = same(table.names, name)
    has_number = found is None and name.isdecimal() and int(name) - 1 in table.columns
    return int(name) - 1 if has_number else found


def _files(table: Table, field: Any, target: str | None) -> Roles | None:
    """Images or recordings that the table names."""
    for name in [field] if field else _named(table, FILES):
        endings = {format_of(Path(str(value))) for value in table.columns[name]}
        for kind, known in KINDS_OF_FILES:
            if not endings or not endings <= set(known):
                continue
            if labels := [target] if target else _named(table, (*CLASSES, *NUMBERS)):
                return _labelled(table, name, labels[0], kind)
            if kind == "labelled_images" and (captions := _named(table, CAPTIONS)):
                return Roles("captioned_images", name, captions[0])
    return None


def _texts(table: Table, field: str | None, target: str | None) -> Roles | None:
    """Texts with targets, by the names of the columns."""
    names = table.names
    for pair in () if named(names, ("context",)) else PAIRS:
        source, other = (named(names, (name,)) for name in pair)
        if None not in (source, other) and field in (None, source) and target in (None, other):
            return Roles("text_pairs", source, other)
    texts, labels = [field] if field else _named(table, TEXTS), [target] if target else _named(table, CLASSES + NUMBERS)
    if texts and (others := [name for name in labels if name != texts[0]]):
        written = Roles("text_pairs", texts[0], others[0]) if normal(others[0]) == "target" else None
        return _labelled(table, texts[0], others[0]) or written
    languages = languages_in(names)
    if len(languages) == 2 and field in (None, *languages) and target in (None, *languages):
        source = field or next(name for name in languages if name != target)
        return Roles("text_pairs", source, next(name for name in languages if name != source))
    if len(names) == 1 and texts and not _has_lists(table, texts[0]):
        return Roles("text", texts[0])
    return None


def _by_values(table: Table, field: str | None, target: str | None) -> Roles | None:
    """Two columns: texts that differ with labels that recur, or pairs of texts that differ."""
    if len(table.columns) != 2:
        return None
    first, second = table.columns
    source, other = (second, first) if second == field or first == target else (first, second)
    is_free = field is None and target is None
    for one, another in ((source, other), (other, source))[: 1 + is_free]:
        if _is_varied(table.columns[one]) and (found := _labelled(table, one, another)) is not None:
            return found
    are_texts = all(_is_varied(table.columns[name]) for name in (source, other))
    return Roles("text_pairs", source, other) if are_texts else None


def _is_varied(values: Sequence[Any]) -> bool:
    """Whether values are texts most of which occur once."""
    texts = [value for value in values if isinstance(value, str) and number_of(value) is None]
    return len(set(texts)) > len(values) / 2


def _labelled(table: Table, field: Any, target: Any, kind: DataKind = "labelled_texts") -> Roles | None:
    """Inputs with labels or numbers; None if the values of the target are neither.

    Raises:
        UserError: they need another form.
    """
    if _has_lists(table, field):
        return None
    values = [value for value in table.columns[target] if value not in (None, "") and value == value]
    if not values:
        return None
    if any(isinstance(value, list) for value in values):
        several = [label for value in values for label in (value if isinstance(value, list) else [value])]
        are_labels = not any(isinstance(label, list | dict) for label in several)
        return Roles(kind, field, target, "multi_label", _count(set(several), table)) if are_labels else None
    numbers = [number for number in map(number_of, values) if number is not None]
    if len(numbers) == len(values) and _is_measured(numbers, target):
        return Roles(kind, field, target, "regression", f"numbers from {min(numbers):g} to {max(numbers):g}")
    distinct = set(map(str, values))
    if all(DECIMAL_COMMA.fullmatch(one) for one in distinct):
        raise UserError(f"{target!r} has numbers with a decimal comma, such as {min(distinct)}: write a point instead")
    recur = len(distinct) <= max(2, len(values) / 2)
    if (recur or named([str(target)], CLASSES)) and (joined := _joined(distinct)):
        raise unclear(
            f"{target!r} has labels such as {quoted(joined)}",
            'if these are several, write them as lists in JSON, such as "labels": ["a", "b"]; if each is one, choose '
            "the columns with data.field= and data.target=",
        )
    return Roles(kind, field, target, "single_label", _count(distinct, table)) if recur else None


def _joined(labels: Collection[str]) -> str | None:
    """A label that joins several: there are fewer when they are split than otherwise."""
    for separator in (",", "|", ";"):
        joined = [label for label in labels if separator in label]
        parts = {part.strip() for label in labels for part in label.split(separator)}
        if joined and len(parts) < len(labels):
            return min(joined)
    return None


def _has_lists(table: Table, name: Any) -> bool:
    return any(isinstance(value, list) for value in table.columns[name])


def _is_measured(numbers: Sequence[float], name: Any) -> bool:
    """Whether numbers are measures and not the numbers of classes."""
    if isinstance(name, str) and normal(name) in NUMBERS:
        return True
    return not all(number.is_integer() for number in numbers) or len(set(numbers)) > max(20, len(numbers) / 2)


def _named(table: Table, known: Iterable[str]) -> list[Any]:
    """The columns with these names, in this order."""
    return list(all_named(table.names, known))


def _count(labels: set[Any], table: Table) -> str:
    where = f" in the first {MOST_ROWS:,} rows" if table.is_cut else ""
    return f"{counted(len(labels), 'label')}{where}"
