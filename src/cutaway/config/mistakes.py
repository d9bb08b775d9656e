"""Explaining an invalid choice in one line, with the nearest valid one."""

import reprlib
from typing import get_args

from pydantic import ValidationError

from cutaway.config.record import Record
from cutaway.config.reference import dotted_keys, kinds_of, nearest_key, records_of
from cutaway.config.run import RunConfig
from cutaway.errors import nearest

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 100
OPEN = ("task", "model.position")
"""Keys whose kinds other packages may add to."""


def explain(error: ValidationError, root: type[Record] = RunConfig) -> str:
    """The first error in a run's config, or in a record of its own (`root`), in one line."""
    first = error.errors(include_url=False)[0]
    given = _SHORT.repr(first["input"])  # a bounded part: it may be long, or deep
    location = [str(part) for part in first["loc"]]
    key, record = _locate(location, root)
    if first["type"] == "extra_forbidden" and root is not RunConfig:
        return f"{root.__name__} has no {key!r}; {nearest(location[-1], record.model_fields if record else ())}"
    if first["type"] == "extra_forbidden":
        return _of_another_kind(key) or f"there is no {key!r}; {nearest_key(key)}"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["type"] == "union_tag_invalid":
        kinds = [kind.strip(" '") for kind in first["ctx"]["expected_tags"].split(",")]
        plugin = "; a kind of another package needs that package installed" if key in OPEN else ""
        return f"{key} has no kind {first['ctx']['tag']!r}; {nearest(first['ctx']['tag'], kinds)}{plugin}"
    if first["type"] == "union_tag_not_found":
        return f"{key} needs a kind: write {key}.kind={' or '.join(kinds_of(key))} too"
    if first["type"] == "literal_error":
        words = [str(word) for word in get_args(record.model_fields[location[-1]].annotation)] if record else []
        return f"{key} cannot be {given}; {nearest(str(first['input'])[:100], words)}"
    if first["type"] == "model_type" and (below := [one for one in dotted_keys() if one.startswith(f"{key}.")]):
        return f"{key} cannot be {given}: it is a group of keys, such as {below[0]}"
    if first["type"] == "tuple_type":
        return f"{key} cannot be {given}: write a list, such as {key}=[1,2]"
    return f"{key} cannot be {given}: {first['msg'].lower()}"


def _locate(location: list[str], root: type[Record]) -> tuple[str, type[Record] | None]:
    """From pydantic's location, which contains kinds, to a dotted key and the record that has it or should."""
    key: list[str] = []
    record: type[Record] | None = root
    candidates: list[type[Record]] = [root]
    for part in location:
        kinds = [one for one in candidates if getattr(one.model_fields.get("kind"), "default", None) == part]
        if len(candidates) > 1 and kinds:
            candidates = kinds
            continue
        record = next((one for one in candidates if part in one.model_fields), candidates[0] if candidates else None)
        if record is not None and part not in record.model_fields:
            key.append(part)
            break
        candidates = records_of(record.model_fields[part].annotation) if record else []
        key.append(part)
    return ".".join(key), record


def _of_another_kind(key: str) -> str | None:
    """The message for a key that exists for other kinds than the chosen one."""
    parent, _, last = key.rpartition(".")
    kinds = kinds_of(parent, last)
    if not kinds:
        return None
    return f"{key!r} is for {parent}={' or '.join(kinds)}, but another is chosen: remove it, or choose that too"
