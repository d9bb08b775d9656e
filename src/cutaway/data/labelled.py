"""Texts with labels, from a table."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cutaway.config.data import DataConfig
from cutaway.data.examples import Labelled
from cutaway.data.readers import text_of
from cutaway.data.tables import read_table
from cutaway.errors import UserError


def read_labelled(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Labelled]:
    """The labelled texts of a table. In JSONL, a label may be a number, or a list of all labels that apply.

    Empty texts and texts without a label are skipped and counted; an empty list says that no label applies.

    Raises:
        UserError: on the way, at what cannot be read.
    """
    for row in read_table(path, data, skipped):
        text = text_of(row.source, row.place)
        labels = _labels(row.target, row.place)
        if not text.strip():
            skipped["empty"] += 1
        elif "" in labels:
            skipped["without a label"] += 1
        else:
            yield Labelled(text, labels)


def _labels(value: Any, place: str) -> tuple[str, ...]:
    return tuple(_label(one, place) for one in (value if isinstance(value, list) else [value]))


def _label(value: Any, place: str) -> str:
    if isinstance(value, str | None):
        return text_of(value, place).strip()
    if isinstance(value, int | float):
        return json.dumps(value)
    raise UserError(f"{place}: a label is a text, a number or a list of them, not {type(value).__name__}")
