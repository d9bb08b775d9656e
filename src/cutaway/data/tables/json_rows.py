"""The rows in a JSON value: an array of objects, or a table as pandas and other programs write it."""

from typing import Any

Rows = list[dict[str, Any]]
TEXT = "text"
"""The field of a row that is a text alone."""


def rows_of(value: Any) -> Rows | None:
    """The rows of a value; None if it has none.

    An array has an object or a text per row. An object has the only array of objects, as in `{"data": [{…}, …]}`; or is
    a table by columns (`{"text": {"0": …}}` as `DataFrame.to_json` writes it, or `{"text": […]}`), by rows
    (`{"0": {"text": …}}`) or in parts (`{"columns": […], "data": [[…], …]}`).
    """
    if isinstance(value, list):
        texts: Rows = [{TEXT: one} for one in value if isinstance(one, str)]
        return texts if texts and len(texts) == len(value) else _objects(value)
    if not isinstance(value, dict) or not value:
        return None
    forms = (_in_parts(value), _in_objects(value), _in_arrays(value))
    return next((rows for rows in forms if rows is not None), None)


def _objects(value: list[Any]) -> Rows | None:
    return value if all(isinstance(row, dict) for row in value) else None


def _in_parts(value: dict[str, Any]) -> Rows | None:
    names, data = value.get("columns"), value.get("data")
    if not isinstance(names, list) or not isinstance(data, list):
        return None
    whole = all(isinstance(row, list) and len(row) == len(names) for row in data)
    return [dict(zip(map(str, names), row, strict=True)) for row in data] if whole else None


def _in_objects(value: dict[str, Any]) -> Rows | None:
    """By columns if the inner keys number the rows, by rows if the outer ones do, or else if there are more of them."""
    inner = [one for one in value.values() if isinstance(one, dict)]
    if len(inner) < len(value) or not inner[0] or any(one.keys() != inner[0].keys() for one in inner):
        return None
    numbered = [all(key.isdecimal() for key in keys) for keys in (value, inner[0])]
    is_by_rows = numbered[0] if numbered[0] != numbered[1] else len(value) > len(inner[0])
    return inner if is_by_rows else [{name: one[key] for name, one in value.items()} for key in inner[0]]


def _in_arrays(value: dict[str, Any]) -> Rows | None:
    arrays = {name: one for name, one in value.items() if isinstance(one, list)}
    objects = [one for one in arrays.values() if _objects(one) is not None]
    if len(objects) == 1:
        return objects[0]
    lengths = {len(one) for one in arrays.values()}
    is_by_columns = len(arrays) == len(value) and len(lengths) == 1 and 0 not in lengths
    return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)] if is_by_columns else None
