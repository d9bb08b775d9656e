"""Tagged sentences in columns, as in the CoNLL shared tasks: a word per line, a blank line after each sentence."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.examples import Tagged
from cutaway.data.readers import format_of, read_lines
from cutaway.data.seen import Seen, first_lines
from cutaway.data.tables.names import normal
from cutaway.data.tables.records import has_names
from cutaway.errors import UserError, quoted
from cutaway.metrics.entities import PREFIXES

ENDINGS = (".conll", ".iob", ".iob2", ".bio")
TAG = re.compile(rf"O|[{PREFIXES}]-\S+")
DOCUMENT_MARK = "-DOCSTART-"
COMMENT = re.compile(r"#\s*(newdoc|newpar)\b.*|#\s+[\w.:-]+\s*=.*")
"""Comments of CoNLL-U, which may have as many words as there are columns."""
HEADERS = ({"word", "words", "token", "tokens", "form"}, {"tag", "tags", "ner", "ner_tag", "ner_tags", "label", "pos"})
"""Names of the first and of the last column."""


def recognise_tagged(path: Path, data: DataConfig) -> Seen | None:
    """Tagged sentences, by the ending, or by tags of entities in the last column and blank lines.

    Raises:
        UserError: the file is not text.
    """
    if format_of(path) not in ENDINGS:
        lines = (
            [] if has_names(path) else [one for one in first_lines(path) if not one.startswith((DOCUMENT_MARK, "#"))]
        )
        rows = [line.split() for line in lines if line.strip()]
        if not 0 < len(rows) < len(lines) or not all(len(row) > 1 and TAG.fullmatch(row[-1]) for row in rows):
            return None
    return Seen(("tagged_sentences",), f"{path.name}: words with tags")


def read_conll(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Tagged]:
    """The sentences of a file: words in the first column, tags in the last.

    Columns are separated by tabs, or by spaces in a line without tabs. Skipped and counted are document marks, which
    end a sentence; comments, which are lines that begin with `#` and are no columns, or are as in CoNLL-U
    (`# newdoc`, `# sent_id = 1`); and a header such as `word tag`.

    Raises:
        UserError: while reading: a line has fewer than two columns, or another number than the first.
    """
    for is_sentence, rows in groupby(_read_columns(path, skipped), key=bool):
        if is_sentence:
            words, tags = zip(*((row[0], row[-1]) for row in rows), strict=True)
            yield Tagged(words, tags)


def _read_columns(path: Path, skipped: Counter[str]) -> Iterator[list[str]]:
    """The cells of each line; none at the end of a sentence."""
    width, has_tabs, lines = _columns_of(read_lines(path))
    is_first = True
    for number, line in enumerate(lines, start=1):
        cells = _split(line)
        if cells[:1] == [DOCUMENT_MARK]:
            skipped["document marks"] += 1
            yield []
        elif line.startswith("#") and _is_comment(line, width, has_tabs):
            skipped["comments"] += 1
        elif is_first and cells and normal(cells[0]) in HEADERS[0] and normal(cells[-1]) in HEADERS[1]:
            skipped["headers"] += 1
            is_first = False
        elif len(cells) == 1 or "" in (cells[:1] + cells[-1:]):
            raise UserError(f"{path}, line {number}: a word and its tag are expected, not {quoted(line.strip())}")
        elif cells and len(cells) != width:
            raise UserError(
                f"{path}, line {number}: {counted(len(cells), 'column')}, where the lines before have {width}"
            )
        else:
            is_first = is_first and not cells
            yield cells


def _columns_of(lines: Iterator[str]) -> tuple[int, bool, Iterator[str]]:
    """The number of columns, by the first line that is surely no comment; whether tabs separate them; and all lines."""
    read: list[str] = []
    for line in lines:
        read.append(line)
        if line.strip() and not line.startswith((DOCUMENT_MARK, "#")):
            break
    first = next((line for line in reversed(read) if line.strip() and not COMMENT.fullmatch(line)), "")
    return len(_split(first)), "\t" in first, chain(read, lines)


def _is_comment(line: str, width: int, has_tabs: bool) -> bool:
    return COMMENT.fullmatch(line) is not None or len(_split(line)) != width or (has_tabs and "\t" not in line)


def _split(line: str) -> list[str]:
    if not line.strip():
        return []
    return [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()
