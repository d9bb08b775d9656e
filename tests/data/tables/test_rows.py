"""Pairs and labelled texts from JSONL, CSV, TSV and parallel files."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.config.data import DataConfig
from cutaway.data.examples import LabelledText, Pair
from cutaway.data.readers import LONGEST_LINE
from cutaway.data.tables.labelled_texts import read_labelled
from cutaway.data.tables.text_pairs import read_pairs
from cutaway.errors import UserError

TEXT = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r\ufeff"), min_size=1).filter(str.strip)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def pairs(path: Path, **data: Any) -> tuple[list[Pair], Counter[str]]:
    skipped: Counter[str] = Counter()
    return list(read_pairs(path, DataConfig(**data), skipped)), skipped


def labelled(path: Path, **data: Any) -> tuple[list[LabelledText], Counter[str]]:
    skipped: Counter[str] = Counter()
    return list(read_labelled(path, DataConfig(**data), skipped)), skipped


def refusal(path: Path, **data: Any) -> str:
    with pytest.raises(UserError) as caught:
        labelled(path, **data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(TEXT, TEXT)))
@pytest.mark.parametrize("names", [("document", "summary"), ("prompt", "completion"), ("source", "target")])
def test_jsonl_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, names: tuple[str, str], rows: list[tuple[str, str]]
) -> None:
    lines = [json.dumps({"id": 0, **dict(zip(names, row, strict=True))}, ensure_ascii=False) for row in rows]
    path = written(tmp_path_factory.mktemp("a") / "a.jsonl.gz", gzip.compress("\n".join(lines).encode()))
    assert pairs(path) == ([Pair(*row) for row in rows], Counter())


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1))
def test_every_character_of_a_tsv_is_an_ordinary_one(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    content = "".join(f"{source}\t{target}\n" for source, target in rows)
    assert pairs(written(tmp_path_factory.mktemp("a") / "a.tsv", content))[0] == [Pair(*row) for row in rows]


def test_quotes_mean_something_in_csv_alone(tmp_path: Path) -> None:
    csv = written(tmp_path / "a.CSV", 'id,label,text\r\n1,yes,"a ""b"", c\r\nd"\r\n2,no,e\r\n')
    assert labelled(csv)[0] == [LabelledText('a "b", c\nd', ("yes",)), LabelledText("e", ("no",))]
    tsv = written(tmp_path / "a.tsv", 'a "b\t1\nc"\t0\n')
    assert labelled(tsv)[0] == [LabelledText('a "b', ("1",)), LabelledText('c"', ("0",))]


def test_a_header_is_told_from_a_row(tmp_path: Path) -> None:
    headed = written(tmp_path / "a.tsv", "\ufeffsentence\tlabel\r\nfine\t1\r\n")
    assert labelled(headed)[0] == [LabelledText("fine", ("1",))]
    assert labelled(written(tmp_path / "b.tsv", "sentence\tfine\n"))[0] == [LabelledText("sentence", ("fine",))]
    chosen = written(tmp_path / "c.tsv", "mood\tnote\tbody\nsad\tx\tfine\n")
    assert labelled(chosen, field="body", target="mood")[0] == [LabelledText("fine", ("sad",))]
    assert "line 1: no field 'feel'; there are: mood, note, body (choose with data.field=… data.target=…)" in refusal(
        chosen, field="body", target="feel"
    )
    assert "line 1: 3 columns: two are expected, or a header" in refusal(chosen)


def test_labels_may_be_words_numbers_or_several(tmp_path: Path) -> None:
    given = ["yes", 3, 0.5, True, ["a", 7], [], " b "]
    path = written(tmp_path / "a.jsonl", "".join(json.dumps({"text": "x", "label": one}) + "\n" for one in given))
    labels = [example.labels for example in labelled(path)[0]]
    assert labels == [("yes",), ("3",), ("0.5",), ("true",), ("a", "7"), (), ("b",)]


def test_what_is_empty_is_skipped_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv", "one\tx\n \tx\n\ntwo\t \nthree\t\nfour\ty")
    assert labelled(path) == (
        [LabelledText("one", ("x",)), LabelledText("four", ("y",))],
        Counter({"empty": 2, "without a label": 2}),
    )
    assert pairs(path) == ([Pair("one", "x"), Pair("four", "y")], Counter({"empty": 4}))
    rows = written(tmp_path / "a.jsonl", '{"text": null, "label": 1}\n\n{"text": "a", "label": null}\n')
    assert labelled(rows) == ([], Counter({"empty": 2, "without a label": 1}))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.tsv", b"a\t1\nb\t0\tc\n", "a.tsv, line 2: 3 columns, where the first line has 2"),
        ("a.tsv", b"a\t1\n\nb\n", "a.tsv, line 3: 1 column, where the first line has 2"),
        ("a.tsv", b"a\t1\n\xff\t0\n", "a.tsv, line 2: not UTF-8 text"),
        ("a.csv", b'a,1\n"b,2', "a.csv, line 2: no CSV"),
        ("a.csv", b'a,1\n"b\nc" d,2\n', "a.csv, line 3: no CSV"),
        ("a.jsonl", b'{"text": "a", "label": 1}\n{"text": ', "line 2: invalid JSON"),
        ("a.jsonl", b'\n{"text": "a", "lable": 1}', "line 2: no field 'label' or "),
        ("a.jsonl", b'{"text": 5, "label": 1}', "line 1: text was expected, not int"),
        ("a.jsonl", b'{"text": "a", "label": {}}', "line 1: a label is a text, a number or a list of them, not dict"),
        ("a.jsonl", rb'{"text": "a", "label": "\ud83d"}', r"line 1: '\ud83d'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    assert said in refusal(written(tmp_path / name, content))


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    assert "cannot read" in refusal(tmp_path / "a.tsv")


@pytest.mark.parametrize("zipped", [False, True])
def test_parallel_files_go_line_by_line(tmp_path: Path, zipped: bool) -> None:
    written(tmp_path / "train.de", "eins\nzwei\u2028\n\nvier")
    english = "one\r\ntwo\r\nthree\r\nfour"
    written(tmp_path / ("train.en" + ".gz" * zipped), gzip.compress(english.encode()) if zipped else english)
    found, skipped = pairs(tmp_path / "train", field="de", target="en")
    assert found == [Pair("eins", "one"), Pair("zwei\u2028", "two"), Pair("vier", "four")]
    assert skipped == {"empty": 1}


def test_parallel_files_must_match(tmp_path: Path) -> None:
    written(tmp_path / "train.en", "1\n2\n3\n")
    written(tmp_path / "train.de", "1\n2\n3\n4\n5\n")
    for field, target, counts in (
        ("en", "de", "en has 3 lines and train.de has 5"),
        ("de", "en", "de has 5 lines and train.en has 3"),
    ):
        with pytest.raises(UserError, match=f"train.{counts}: they must match"):
            pairs(tmp_path / "train", field=field, target=target)


def test_parallel_files_are_chosen_by_their_endings(tmp_path: Path) -> None:
    for name in ("train.en.gz", "train.de", "train.tok.de", "training.fr"):
        written(tmp_path / name, b"")
    for data in ({}, {"field": "en"}, {"field": "en", "target": "fr"}):
        with pytest.raises(UserError, match=r"data\.field and data\.target; there are: de, en, tok\.de$"):
            pairs(tmp_path / "train", **data)
    with pytest.raises(UserError, match=r"no such file: .*trains, nor two"):
        pairs(tmp_path / "trains")


def test_fields_that_pandas_quoted_are_unquoted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv", 'text\tlabel\n"He said ""hi"""\ta\n"Titled"\tb\n"half\tc\n""\td\n')
    found, _ = labelled(path)
    assert [one.text for one in found] == ['He said "hi"', '"Titled"', '"half', '""']
    path = written(tmp_path / "a.tsv", '"text"\t"label"\n"He said ""hi"""\t"a"\n"Titled"\t"b"\n')
    found, _ = labelled(path)
    assert found == [LabelledText('He said "hi"', ("a",)), LabelledText("Titled", ("b",))]


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"text": "a", "label": "b"}\n{"text": "')
        for _ in range((LONGEST_LINE >> 24) + 1):
            file.write(b"a" * (1 << 24))
    assert refusal(path) == f"{path}, line 2: it is longer than 67.1 MB"


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("text;label\na, b;1\nc, d;0\n", ["a, b", "c, d"]),
        ("a, b;1\nc, d;0\n", ["a, b", "c, d"]),
        ("text|label\na, b|1\nc; d|0\n", ["a, b", "c; d"]),
        ("text,label\na;b,1\nc;d;e,0\n", ["a;b", "c;d;e"]),
        ('text,label\n"a; b\nc",1\nd,0\n', ["a; b\nc", "d"]),
        ("sep=;\ntext;label\na, b;1\nc;0\n", ["a, b", "c"]),
        ("sep=\t\ntext\tlabel\na, b\t1\nc\t0\n", ["a, b", "c"]),
        ("text, label\na, 1\nb, 0\n", ["a", "b"]),
    ],
)
def test_what_separates_columns_is_seen(content: str, texts: list[str], tmp_path: Path) -> None:
    assert [one.text for one in labelled(written(tmp_path / "a.csv", content))[0]] == texts


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,label\ra,1\rb,0\r", "line 1: no CSV (single carriage returns end its lines"),
        ('text,label\n"a,1\nb,0\n', "line 3: no CSV (a quoted field is not closed)"),
        ('sep=;\ntext;label\n"a";1;2\n', "line 3: 3 columns, where the first line has 2"),
    ],
)
def test_csv_that_cannot_be_read_says_why(content: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(written(tmp_path / "a.csv", content))
