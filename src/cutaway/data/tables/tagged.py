"""Tagged sentences: in columns, or as lists of words and of tags in JSON and Parquet."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from cutaway.config.data import DataConfig
from cutaway.data.examples import Tagged
from cutaway.data.labels import labels_of
from cutaway.data.readers import format_of, text_of
from cutaway.data.seen import Seen, first_lines
from cutaway.data.tables.conll import DOCUMENT_MARK, HEADERS, is_universal, read_conll, split_columns
from cutaway.data.tables.names import normal
from cutaway.data.tables.records import fields_of, has_names, read_records
from cutaway.errors import UserError, listed, quoted
from cutaway.metrics.entities import PREFIXES

ENDINGS = (".conll", ".conllu", ".iob", ".iob2", ".bio")
TAG = re.compile(rf"O|[{PREFIXES}]-\S+|[A-Z]{{2,5}}\$?|[^\w\s]+")
"""A tag of an entity, or of a part of speech in English, as in the Penn Treebank (Marcus et al. 1993)."""


def recognise_tagged(path: Path, data: DataConfig) -> Seen | None:
    """Tagged sentences: by the ending, by the names of lists in JSON, or by tags in the last column and blank lines.

    Raises:
        UserError: the file is not text.
    """
    if has_names(path):
        is_tagged, what = has_lists(path), "lists of words and tags, {} and {}".format(*_columns(fields_of(path)[1]))
    else:
        lines = [line for line in first_lines(path) if not line.startswith((DOCUMENT_MARK, "#"))]
        rows = [split_columns(line) for line in lines if line.strip()]
        is_universal_file = "\t" in next(filter(str.strip, lines), "") and is_universal(rows[0])
        what = "CoNLL-U: words with universal parts of speech" if is_universal_file else "words with tags"
        are_tags = 0 < len(rows) < len(lines) and all(len(row) > 1 and TAG.fullmatch(row[-1]) for row in rows)
        is_tagged = format_of(path) in ENDINGS or is_universal_file or are_tags
    return Seen(("tagged_sentences",), f"{path.name}: {what}") if is_tagged else None


def has_lists(path: Path) -> bool:
    """Whether the rows of a file have a list of words and one of tags.

    Raises:
        UserError: it cannot be read.
    """
    return has_names(path) and None not in _columns(fields_of(path)[1])


def read_tagged(path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[Tagged]:
    """The sentences of a file: in columns, as in `read_conll`; or in JSON or Parquet, a list of words and one of tags.

    The lists are found by their names (`tokens` and `ner_tags` or similar ones). Sentences without words or tags are
    skipped and counted.

    Raises:
        UserError: while reading: a line is no word and tag, or the lists are not found or differ in length.
    """
    return _read_lists(path, skipped) if has_names(path) else read_conll(path, data, skipped)


def _read_lists(path: Path, skipped: Counter[str]) -> Iterator[Tagged]:
    place, fields = fields_of(path)
    words, tags = _columns(fields)
    if fields and (words is None or tags is None):
        raise UserError(f"{place}: lists of words and of tags are expected, tokens and tags, not: {listed(fields)}")
    for place, row in read_records(path):
        given = [row.get(str(name)) or [] for name in (words, tags)]
        if not all(isinstance(one, list) for one in given):
            raise UserError(f"{place}: {words} and {tags} are lists, one tag per word")
        if len(given[0]) != len(given[1]):
            raise UserError(f"{place}: {len(given[0])} words and {len(given[1])} tags: one tag per word is expected")
        if not given[0]:
            skipped["empty"] += 1
        elif (labels := labels_of(given[1], place, skipped)) is not None:
            yield Tagged(tuple(_word(one, place) for one in given[0]), labels)


def _word(value: Any, place: str) -> str:
    word = text_of(value, place)
    if not word.strip():
        raise UserError(f"{place}: {quoted(word)} is not a word")
    return word


def _columns(fields: Collection[str]) -> tuple[str | None, str | None]:
    """The fields of the words and of the tags; only names in the plural, which tell of lists."""
    found = ([name for name in fields if normal(name) in names and normal(name).endswith("s")] for names in HEADERS)
    words, tags = (next(iter(names), None) for names in found)
    return words, tags
