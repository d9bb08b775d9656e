"""Labels as files have them: one, several, or a number; missing ones are counted."""

import json
import math
from collections import Counter
from typing import Any

from cutaway.data.readers import text_of
from cutaway.errors import UserError, quoted

LARGEST = 3.4e38
"""The largest number in single precision."""
MISSING = "without a label"
WRITTEN_NAN = "with the label 'nan', which counts as missing"


def labels_of(value: Any, place: str, skipped: Counter[str], *, are_numbers: bool = False) -> tuple[str, ...] | None:
    """The labels in a field: one, or a list of them, which may be empty; None if one is missing, which is counted.

    A label is missing if it is null, blank or NaN, also as the text `nan`, as programs write what they lack.

    Args:
        value: of the field.
        place: its location, in words.
        skipped: counts what is missing.
        are_numbers: whether a label is a finite number; NaN is then no missing label.

    Raises:
        UserError: it contains something else.
    """
    labels = tuple(_label(one, place) for one in (value if isinstance(value, list) else [value]))
    if "" in labels:
        skipped[MISSING] += 1
        return None
    if are_numbers:
        for label in labels:
            _require_number(label, place)
    elif any(label.lower() == "nan" for label in labels):
        is_number = isinstance(value, float) or (isinstance(value, list) and any(one != one for one in value))
        skipped[MISSING if is_number else WRITTEN_NAN] += 1
        return None
    return labels


def _label(value: Any, place: str) -> str:
    if isinstance(value, str | None):
        return text_of(value, place).strip()
    if isinstance(value, int | float):
        return json.dumps(value)
    raise UserError(f"{place}: a label is a text, a number or a list of them, not {type(value).__name__}")


def _require_number(label: str, place: str) -> None:
    """Requires a finite number, in single precision.

    Raises:
        UserError: it is something else.
    """
    try:
        number = float(label)
    except ValueError:
        raise UserError(f"{place}: {quoted(label)} is not a number, and task.problem is regression") from None
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise UserError(f"{place}: {quoted(label)} is not a finite number: correct it, or leave the line out")
