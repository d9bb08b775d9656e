"""Texts with labels, from a table; proteins with labels, from FASTA."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cutaway.config.data import DataConfig
from cutaway.data.examples import LabelledText
from cutaway.data.proteins.fasta import is_fasta, read_fasta
from cutaway.data.readers import text_of
from cutaway.data.tables.rows import read_table
from cutaway.errors import UserError


def read_labelled(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[LabelledText]:
    """The labelled texts of a table, or the proteins of a FASTA file, where `data.target` is the key of the label.

    In JSONL, a label may be a number, or a list of all labels that apply, which may be empty. Empty texts and texts
    without a label are skipped and counted.

    Raises:
        UserError: while reading: something cannot be read.
    """
    if is_fasta(path):
        yield from _read_proteins(path, data, skipped)
        return
    for row in read_table(path, data, skipped):
        text = text_of(row.source, row.place)
        labels = labels_of(row.target, row.place)
        if not text.strip():
            skipped["empty"] += 1
        elif "" in labels:
            skipped["without a label"] += 1
        else:
            yield LabelledText(text, labels)


def _read_proteins(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[LabelledText]:
    for protein in read_fasta(path, skipped, data.target):
        if protein.label is None:
            skipped["without a label"] += 1
        else:
            yield LabelledText(protein.residues, (protein.label,))


def labels_of(value: Any, place: str) -> tuple[str, ...]:
    """The labels in a field of a table: one, or a list of them in JSONL.

    Raises:
        UserError: it contains something else.
    """
    return tuple(_label(one, place) for one in (value if isinstance(value, list) else [value]))


def _label(value: Any, place: str) -> str:
    if isinstance(value, str | None):
        return text_of(value, place).strip()
    if isinstance(value, int | float):
        return json.dumps(value)
    raise UserError(f"{place}: a label is a text, a number or a list of them, not {type(value).__name__}")
