"""Explaining an invalid choice in one line, with the nearest valid one."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from pydantic import ValidationError

from cutaway.config.record import Record
from cutaway.config.run import RunConfig
from cutaway.config.task import KINDS, TaskConfig, task_record
from cutaway.errors import nearest

OPEN = ("task", "model.position")
"""Keys whose kinds other packages may add to."""


def explain(error: ValidationError) -> str:
    """The first error in a run's config, in one line."""
    first = error.errors(include_url=False)[0]
    location = [str(part) for part in first["loc"]]
    key, record = _locate(location)
    if first["type"] == "extra_forbidden":
        return _of_another_kind(key) or f"there is no {key!r}; {_nearest_key(key)}"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["type"] == "union_tag_invalid":
        kinds = [kind.strip(" '") for kind in first["ctx"]["expected_tags"].split(",")]
        plugin = "; a kind of another package needs that package installed" if key in OPEN else ""
        return f"{key} has no kind {first['ctx']['tag']!r}; {nearest(first['ctx']['tag'], kinds)}{plugin}"
    if first["type"] == "union_tag_not_found":
        return f"{key} needs a kind: write {key}.kind={' or '.join(_kinds_of(key))} too"
    if first["type"] == "literal_error":
        words = [str(word) for word in get_args(record.model_fields[location[-1]].annotation)] if record else []
        return f"{key} cannot be {first['input']!r}; {nearest(str(first['input']), words)}"
    return f"{key} cannot be {first['input']!r}: {first['msg'].lower()}"


def dotted_keys(record: type[Record] = RunConfig) -> Iterator[str]:
    """All keys below a record, of all kinds."""
    for name, field in record.model_fields.items():
        yield name
        for below in _records(field.annotation):
            yield from (f"{name}.{key}" for key in dotted_keys(below))


def _records(annotation: Any) -> list[type[Record]]:
    if annotation is TaskConfig:
        return [task_record(kind) for kind in KINDS]
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return [annotation]
    inner = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return [record for part in inner for record in _records(part)]


def _locate(location: list[str]) -> tuple[str, type[Record] | None]:
    """From pydantic's location, which contains kinds, to a dotted key and the record that has it."""
    key: list[str] = []
    record: type[Record] | None = RunConfig
    candidates: list[type[Record]] = [RunConfig]
    for part in location:
        kinds = [one for one in candidates if getattr(one.model_fields.get("kind"), "default", None) == part]
        if len(candidates) > 1 and kinds:
            candidates = kinds
            continue
        record = next((one for one in candidates if part in one.model_fields), None)
        candidates = _records(record.model_fields[part].annotation) if record else []
        key.append(part)
    return ".".join(key), record


def _of_another_kind(key: str) -> str | None:
    """The message for a key that exists for other kinds than the chosen one."""
    parent, _, last = key.rpartition(".")
    kinds = _kinds_of(parent, last)
    if not kinds:
        return None
    return f"{key!r} is for {parent}={' or '.join(kinds)}, but another is chosen: remove it, or choose that too"


def _kinds_of(key: str, having: str = "kind") -> list[str]:
    """The kinds of a key, or those of them that have a key of this name."""
    records: list[type[Record]] = [RunConfig]
    for part in key.split("."):
        fields = [one.model_fields[part] for one in records if part in one.model_fields]
        records = [below for field in fields for below in _records(field.annotation)]
    return [one.model_fields["kind"].default for one in records if {"kind", having} <= one.model_fields.keys()]


def _nearest_key(key: str) -> str:
    known = sorted(set(dotted_keys()))
    same = [one for one in known if one.rpartition(".")[2] == key.rpartition(".")[2]]
    if same:
        return f"did you mean {' or '.join(repr(one) for one in same[:2])}?"
    siblings = [one for one in known if one.rpartition(".")[0] == key.rpartition(".")[0]]
    return nearest(key, siblings or [one for one in known if "." not in one])
