"""Texts with labels, from a table; proteins with labels, from FASTA."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.examples import LabelledText
from cutaway.data.label_folders import files_by_label
from cutaway.data.labels import labels_of
from cutaway.data.proteins.fasta import is_fasta, read_fasta
from cutaway.data.readers import opened, read_text, text_of
from cutaway.data.tables.rows import read_table
from cutaway.errors import quoted

ENDINGS = (".txt",)
"""Of a text in the folder of its label."""


def read_labelled(
    path: Path, data: DataConfig, skipped: Counter[str], *, are_numbers: bool = False
) -> Iterator[LabelledText]:
    """The labelled texts of a table or of a folder with a subfolder per label, or the proteins of a FASTA file.

    Of FASTA, `data.target` is the key of the label.

    In JSON and Parquet, a label may be a number, or a list of all labels that apply, which may be empty. Empty texts
    and texts without a label are skipped and counted. With `are_numbers`, labels are finite numbers.

    Raises:
        UserError: while reading: something cannot be read.
    """
    if path.is_dir():
        yield from _read_folder(path, skipped, are_numbers)
        return
    if is_fasta(path):
        yield from _read_proteins(path, data, skipped, are_numbers)
        return
    for row in read_table(path, data, skipped):
        text = text_of(row.source, row.place)
        if not text.strip():
            skipped["empty"] += 1
        elif (labels := labels_of(row.target, row.place, skipped, are_numbers=are_numbers)) is not None:
            yield LabelledText(text, labels)


def _read_folder(path: Path, skipped: Counter[str], are_numbers: bool) -> Iterator[LabelledText]:
    for file, label in files_by_label(path, ENDINGS, skipped):
        with opened(file) as content:
            text = "".join(read_text(content, str(file)))
        labels = labels_of(label, str(file), skipped, are_numbers=True) if are_numbers else (label,)
        if not text.strip():
            skipped["empty"] += 1
        elif labels is not None:
            yield LabelledText(text, labels)


def _read_proteins(path: Path, data: DataConfig, skipped: Counter[str], are_numbers: bool) -> Iterator[LabelledText]:
    for protein in read_fasta(path, skipped, data.target):
        place = f"{path}, {quoted(protein.id)}"
        if (labels := labels_of(protein.label, place, skipped, are_numbers=are_numbers)) is not None:
            yield LabelledText(protein.residues, labels)
