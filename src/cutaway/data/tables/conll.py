"""Tagged sentences in columns, as in the CoNLL shared tasks: a word per line, a blank line after each sentence."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.examples import Tagged
from cutaway.data.readers import read_lines
from cutaway.errors import UserError

DOCUMENT_MARK = "-DOCSTART-"


def read_conll(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Tagged]:
    """The sentences of a file: words in the first column, tags in the last.

    Columns are separated by tabs, or by spaces in a line without tabs. Document marks are skipped and counted.

    Raises:
        UserError: while reading: a line has fewer than two columns, or another number than the first.
    """
    for is_sentence, rows in groupby(_read_columns(path, skipped), key=bool):
        if is_sentence:
            words, tags = zip(*((row[0], row[-1]) for row in rows), strict=True)
            yield Tagged(words, tags)


def _read_columns(path: Path, skipped: Counter[str]) -> Iterator[list[str]]:
    """The cells of each line; none at the end of a sentence."""
    width = 0
    for number, line in enumerate(read_lines(path), start=1):
        cells = _split(line)
        if cells[:1] == [DOCUMENT_MARK]:
            skipped["document marks"] += 1
            continue
        width = width or len(cells)
        if len(cells) == 1 or "" in (cells[:1] + cells[-1:]):
            raise UserError(f"{path}, line {number}: a word and its tag are expected, not {line.strip()!r}")
        if cells and len(cells) != width:
            raise UserError(f"{path}, line {number}: {len(cells)} columns, where the lines before have {width}")
        yield cells


def _split(line: str) -> list[str]:
    if not line.strip():
        return []
    return [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()
