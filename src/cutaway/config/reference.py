"""Every key of a run's choices, as its records describe it: type, default, meaning, and the kinds that have it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from cutaway.config.other_names import OTHER_NAMES, answer, other_names_of
from cutaway.config.record import Record
from cutaway.config.run import RunConfig
from cutaway.config.task import KINDS, TaskConfig, task_record
from cutaway.errors import UserError, closest, nearest

BOUNDS = {"gt": "above {}", "ge": "{} or more", "lt": "below {}", "le": "{} or less", "multiple_of": "a multiple of {}"}


@dataclass(frozen=True)
class Key:
    """A key of a run's choices.

    Attributes:
        key: its dotted name, such as ``train.steps``.
        type: its type in words, with its limits; of a group with kinds, their names.
        default: as it is written in a run file; ``required`` if it must be given.
        meaning: one line.
        kinds: the kinds of its group that have it, as assignments such as ``model.attention=latent``; none if all do.
    """

    key: str
    type: str
    default: str
    meaning: str
    kinds: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The key without its last part."""
        return self.key.rpartition(".")[0]


@dataclass(frozen=True)
class _Owner:
    """A record that has a key, and its values by default, if a run has it by default."""

    record: type[Record]
    values: Record | None

    def default(self, name: str) -> Any:
        field = self.record.model_fields[name]
        return field.get_default(call_default_factory=True) if self.values is None else getattr(self.values, name)

    def below(self, name: str) -> list["_Owner"]:
        """The records that may be the value of a field."""
        value = None if self.record.model_fields[name].is_required() else self.default(name)
        found = records_of(self.record.model_fields[name].annotation)
        return [_Owner(one, value if type(value) is one else None) for one in found]


@cache
def all_keys() -> tuple[Key, ...]:
    """Every key of a run, in the order of its records; a key whose default differs by kind occurs once for each.

    The word `kind` of a group is not repeated: ``model.attention=latent`` chooses it. The keys of plugins are not here.
    """
    return tuple(key for name, owners in _walk() if _is_listed(name, owners) for key in _described(name, owners))


@cache
def dotted_keys() -> tuple[str, ...]:
    """The names of all keys of all kinds, groups and their kinds among them; each once."""
    return tuple(name for name, _ in _walk())


def find_keys(text: str) -> list[Key]:
    """The keys that a word means: a whole key or all keys of a group, by its name or only its last part.

    Raises:
        UserError: there is none; names the nearest.
    """
    word = text.strip().lower().replace("-", "_").removesuffix(".kind").rstrip(".*")
    exact = [key for key in all_keys() if key.key == word or key.key.startswith(f"{word}.")]
    named = {key.key for key in all_keys() if key.key.rpartition(".")[2] == word}
    last = [key for key in all_keys() if key.key in named or key.group in named]
    other = [key for key in all_keys() if key.key in other_names_of(word)]
    found = exact or last or other
    if not found:
        raise UserError(answer(word) or f"there is no key {text!r}; {nearest_key(word)}")
    return found


def nearest_key(key: str) -> str:
    """A clause with the keys nearest to a misspelt one."""
    known = sorted(set(dotted_keys()))
    last = key.rpartition(".")[2]
    same = other_names_of(last) or [one for one in known if one.rpartition(".")[2] == last]
    if same:
        return f"did you mean {' or '.join(repr(one) for one in same[:2])}?"
    siblings = [one for one in known if one.rpartition(".")[0] == key.rpartition(".")[0]]
    top = [one for one in known if "." not in one]
    if "." not in key and not closest(key, top):
        similar = closest(key, sorted({one.rpartition(".")[2] for one in known} | OTHER_NAMES.keys()))[:1]
        if similar:
            return nearest_key(similar[0])
    return nearest(key, siblings or top)


def kinds_of(key: str, having: str = "kind") -> list[str]:
    """The kinds of a key, or those of them that have a key of this name; none if it has no kinds."""
    records: list[type[Record]] = [RunConfig]
    for part in key.split("."):
        fields = [one.model_fields[part] for one in records if part in one.model_fields]
        records = [below for field in fields for below in records_of(field.annotation)]
    return [str(_kind(one)) for one in records if {"kind", having} <= one.model_fields.keys()]


def keys_in(tree: Mapping[str, Any], record: type[Record] = RunConfig, path: str = "") -> Iterator[str]:
    """The keys that exist with the kinds chosen in a run's choices, a tree of dicts."""
    for name, field in record.model_fields.items():
        yield path + name
        value = tree.get(name)
        if isinstance(value, Mapping):
            for below in records_of(field.annotation):
                if value.get("kind") in (None, _kind(below)):
                    yield from keys_in(value, below, f"{path}{name}.")


def records_of(annotation: Any) -> list[type[Record]]:
    """The records that a field of this type may contain."""
    if annotation is TaskConfig:
        return [task_record(kind) for kind in KINDS]
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return [annotation]
    inner = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return [record for part in inner for record in records_of(part)]


def _walk(owners: tuple[_Owner, ...] = (), path: str = "") -> Iterator[tuple[str, list[_Owner]]]:
    """Every dotted name once, with the records that have it."""
    owners = owners or (_Owner(RunConfig, RunConfig()),)
    for name in dict.fromkeys(name for owner in owners for name in owner.record.model_fields):
        having = [owner for owner in owners if name in owner.record.model_fields]
        yield path + name, having
        below = {one.record: one for owner in having for one in owner.below(name)}
        if below:
            yield from _walk(tuple(below.values()), f"{path}{name}.")


def _is_listed(name: str, owners: list[_Owner]) -> bool:
    last = name.rpartition(".")[2]
    below = [one.record for owner in owners for one in owner.below(last)]
    is_plain_group = bool(below) and not any("kind" in one.model_fields for one in below)
    is_optional = any(NoneType in get_args(owner.record.model_fields[last].annotation) for owner in owners)
    return last != "kind" and (not is_plain_group or is_optional)


def _described(name: str, owners: list[_Owner]) -> list[Key]:
    """One description for each default and meaning that a key has."""
    group, _, last = name.rpartition(".")
    kinds: dict[tuple[str, str, str], list[str]] = {}
    for owner in owners:
        field = owner.record.model_fields[last]
        default = "required" if field.is_required() else _written(owner.default(last))
        described = (_type(field), default, field.description or "")
        kinds.setdefault(described, []).append(f"{group}={_kind(owner.record)}")
    of_all = len(kinds) == 1 and len(owners) >= len(kinds_of(group) if group else ())
    return [Key(name, *described, () if of_all else tuple(having)) for described, having in kinds.items()]


def _kind(record: type[Record]) -> str | None:
    field = record.model_fields.get("kind")
    return None if field is None else str(field.default)


def _type(field: FieldInfo) -> str:
    records = records_of(field.annotation)
    if records:
        named = [kind for kind in map(_kind, records) if kind is not None]
        words = _listed(named) if named else "a group of keys"
        return f"{words}, or none" if NoneType in get_args(field.annotation) else words
    limits = [
        words.format(_written(value))
        for limit in field.metadata
        for bound, words in BOUNDS.items()
        if (value := getattr(limit, bound, None)) is not None
    ]
    if any(limit.startswith("above") for limit in limits):  # which is stricter than the bound of an annotation
        limits = [limit for limit in limits if not limit.endswith("or more")]
    return _named(field.annotation, " and ".join(limits))


def _named(annotation: Any, limits: str = "") -> str:
    """A type in words."""
    parts = get_args(annotation)
    if NoneType in parts:
        inner = [_named(part, limits) for part in parts if part is not NoneType]
        return f"{' or '.join(inner)}, or none"
    if get_origin(annotation) is Literal:
        return _listed([str(part) for part in parts])
    if get_origin(annotation) is tuple:
        return f"list of {_named(parts[0])}s"
    words = {int: "whole number", float: "number", bool: "true or false", str: "text"}[annotation]
    return f"{words} {limits}".strip()


def _listed(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _written(value: Any) -> str:
    """A value as it is written in a run file."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return f"[{', '.join(map(_written, value))}]"
        case Record():
            return str(getattr(value, "kind", ""))
    return str(value) or "''"
