"""Tagged sentences in columns, as in the CoNLL shared tasks: a word per line, a blank line after each sentence."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.examples import Tagged
from cutaway.data.readers import read_lines
from cutaway.data.tables.names import normal
from cutaway.errors import UserError, quoted

DOCUMENT_MARK = "-DOCSTART-"
UNIVERSAL_WIDTH, FORM, UPOS, HEAD_COLUMN = 10, 1, 3, 6
"""The number of columns of CoNLL-U, and those of the word, its part of speech and its head."""
ID, HEAD = re.compile(r"\d+([-.]\d+)?"), re.compile(r"\d+|_")
COMMENT = re.compile(r"#\s*(newdoc|newpar)\b.*|#\s+[\w.:-]+\s*=.*")
"""Comments of CoNLL-U, which may have as many words as there are columns."""
HEADERS = (
    {"word", "words", "token", "tokens", "form"},
    {"tag", "tags", "ner", "ner_tag", "ner_tags", "pos_tags", "label", "labels", "pos"},
)
"""Names of the first and of the last column."""


def read_conll(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Tagged]:
    """The sentences of a file: words in the first column, tags in the last.

    Of CoNLL-U (Nivre et al. 2016), whose ten columns are separated by tabs, words and their universal parts of speech
    are read; the other tokens, whose ids are ranges (`3-4`) or have a part after a point (`4.1`), are skipped and
    counted.

    Columns are separated by tabs, or by spaces in a line without tabs. Skipped and counted are document marks, which
    end a sentence; comments, which are lines that begin with `#` and are no columns, or are as in CoNLL-U
    (`# newdoc`, `# sent_id = 1`); and a header such as `word tag`.

    Raises:
        UserError: while reading: a line has fewer than two columns, or another number than the first.
    """
    for is_sentence, rows in groupby(_read_columns(path, skipped), key=bool):
        if is_sentence:
            words, tags = zip(*rows, strict=True)
            yield Tagged(words, tags)


def _read_columns(path: Path, skipped: Counter[str]) -> Iterator[tuple[str, str] | None]:
    """The word and the tag of each line; None at the end of a sentence."""
    first, has_tabs, lines = _columns_of(read_lines(path))
    width = len(first)
    word, tag = (FORM, UPOS) if has_tabs and is_universal(first) else (0, -1)
    is_first = True
    for number, line in enumerate(lines, start=1):
        cells = split_columns(line)
        if cells[:1] == [DOCUMENT_MARK]:
            skipped["document marks"] += 1
            yield None
        elif line.startswith("#") and _is_comment(line, width, has_tabs):
            skipped["comments"] += 1
        elif is_first and cells and normal(cells[0]) in HEADERS[0] and normal(cells[-1]) in HEADERS[1]:
            skipped["headers"] += 1
            is_first = False
        elif len(cells) == 1 or (len(cells) == width > 0 and "" in (cells[word], cells[tag])):
            raise UserError(f"{path}, line {number}: a word and its tag are expected, not {quoted(line.strip())}")
        elif cells and len(cells) != width:
            raise UserError(f"{path}, line {number}: {len(cells)} columns, where the lines before have {width}")
        elif word == FORM and cells and not cells[0].isdecimal():
            skipped["ranges and empty nodes"] += 1
        else:
            is_first = is_first and not cells
            yield (cells[word], cells[tag]) if cells else None


def is_universal(cells: list[str]) -> bool:
    """Whether the cells of a line are those of CoNLL-U: an id, and the id of the head as the seventh of ten."""
    return len(cells) == UNIVERSAL_WIDTH and bool(ID.fullmatch(cells[0])) and bool(HEAD.fullmatch(cells[HEAD_COLUMN]))


def _columns_of(lines: Iterator[str]) -> tuple[list[str], bool, Iterator[str]]:
    """The cells of the first line that is surely no comment; whether tabs separate them; and all."""
    read: list[str] = []
    for line in lines:
        read.append(line)
        if line.strip() and not line.startswith((DOCUMENT_MARK, "#")):
            break
    first = next((line for line in reversed(read) if line.strip() and not COMMENT.fullmatch(line)), "")
    return split_columns(first), "\t" in first, chain(read, lines)


def _is_comment(line: str, width: int, has_tabs: bool) -> bool:
    return COMMENT.fullmatch(line) is not None or len(split_columns(line)) != width or (has_tabs and "\t" not in line)


def split_columns(line: str) -> list[str]:
    """The cells of a line, separated by tabs, or by spaces in a line without tabs; none of a blank line."""
    if not line.strip():
        return []
    return [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()
