"""Tagged sentences in CoNLL-U, and as lists in JSON and Parquet."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cutaway.config.data import DataConfig
from cutaway.data.examples import Tagged
from cutaway.data.tables.tagged import read_tagged, recognise_tagged
from cutaway.errors import UserError
from support import require_module

UNIVERSAL = """# newdoc id = a
# sent_id = 1
# text = Vámonos al mar
1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tVamos\tir\tVERB\tVM\tMood=Imp|Number=Plur\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\tPP\t_\t1\tobj\t1:obj\t_
2.1\tghost\tghost\tNOUN\t_\t_\t_\t_\t0:root\t_
3\tNew York\tmar\tPROPN\tNC\t_\t1\tobl\t_\tSpaceAfter=No

1\t#\t#\tSYM\t_\t_\t0\troot\t_\t_

"""
SENTENCES = [
    Tagged(("Vamos", "nos", "New York"), ("VERB", "PRON", "PROPN")),
    Tagged(("#",), ("SYM",)),
]
ROWS = [{"tokens": ["a", "cat"], "ner_tags": ["O", "B-x"]}, {"tokens": ["nan"], "ner_tags": ["O"]}]
FROM_LISTS = [Tagged(("a", "cat"), ("O", "B-x")), Tagged(("nan",), ("O",))]


def read(path: Path, content: str = "") -> tuple[list[Tagged], Counter[str]]:
    if content:
        path.write_text(content, encoding="utf-8")
    skipped: Counter[str] = Counter()
    return list(read_tagged(path, DataConfig(), skipped)), +skipped


@pytest.mark.parametrize("name", ["a.conllu", "a.conll", "a.txt", "a"])
def test_universal_parts_of_speech_are_read_under_any_name(name: str, tmp_path: Path) -> None:
    found, skipped = read(tmp_path / name, UNIVERSAL)
    assert found == SENTENCES
    assert skipped == {"comments": 3, "ranges and empty nodes": 2}
    seen = recognise_tagged(tmp_path / name, DataConfig())
    assert seen is not None
    assert seen.words == f"{name}: CoNLL-U: words with universal parts of speech"


def test_ten_columns_of_something_else_end_with_tags(tmp_path: Path) -> None:
    line = "\t".join(["1", "b", "c", "d", "e", "f", "g", "h", "i", "O"])
    assert read(tmp_path / "a.conll", f"{line}\n\n")[0] == [Tagged(("1",), ("O",))]


@pytest.mark.parametrize(
    ("content", "is_tagged"),
    [
        ("the DT\ndog NN\n. .\n\nit PRP$\n\n", True),
        ("it rained\n\nall day\n\n", False),
        ("a b\nb c\n\nd e\n", False),
        ("\n\n", False),
        ("a O\nb O\n", False),
    ],
)
def test_tags_and_blank_lines_tell_of_sentences(content: str, is_tagged: bool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(content)
    assert (recognise_tagged(tmp_path / "a.txt", DataConfig()) is not None) == is_tagged


def test_lists_are_read_from_json_and_parquet(tmp_path: Path) -> None:
    assert read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, ROWS)))[0] == FROM_LISTS
    assert read(tmp_path / "a.json", json.dumps(ROWS))[0] == FROM_LISTS
    arrow, parquet = require_module("pyarrow"), require_module("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet")[0] == FROM_LISTS
    for name in ("a.jsonl", "a.json", "a.parquet"):
        seen = recognise_tagged(tmp_path / name, DataConfig())
        assert seen is not None
        assert seen.words.endswith("lists of words and tags, tokens and ner_tags")
    numbers, skipped = read(tmp_path / "b.jsonl", json.dumps({"words": ["a", "b"], "pos_tags": [3, 0]}) + "\n{}\n")
    assert numbers == [Tagged(("a", "b"), ("3", "0"))]
    assert skipped == {"empty": 1}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"tokens": ["a"], "ner_tags": ["O", "O"]}, "line 1: 1 words and 2 tags: one tag per word"),
        ({"tokens": "a b", "ner_tags": ["O", "O"]}, "line 1: tokens and ner_tags are lists, one tag per word"),
        ({"tokens": [" "], "ner_tags": ["O"]}, "line 1: ' ' is not a word"),
        ({"tokens": [3], "ner_tags": ["O"]}, "line 1: text was expected, not int"),
        ({"text": "a", "label": "x"}, "line 1: lists of words and of tags are expected, tokens and tags, not: text"),
    ],
)
def test_other_rows_are_refused(row: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        read(tmp_path / "a.jsonl", json.dumps(row))
