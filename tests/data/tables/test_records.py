"""Tables from JSON under any name and from Parquet, for every task on tables."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cutaway.config.data import DataConfig
from cutaway.data.examples import LabelledText, Pair
from cutaway.data.tables.conll import read_conll
from cutaway.data.tables.labelled_texts import read_labelled
from cutaway.data.tables.listed_files import read_listed
from cutaway.data.tables.names import CAPTIONED_FILES
from cutaway.data.tables.records import json_kind
from data.tables.test_rows import labelled, pairs, refusal, written
from support import require_module, require_path

ROWS = [
    {"id": 1, "text": "a\nb", "label": "x"},
    {"id": 2, "text": "é", "label": 3},
    {"id": 3, "text": "", "label": "y"},
]
FOUND = ([LabelledText("a\nb", ("x",)), LabelledText("é", ("3",))], Counter({"empty": 1}))


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.txt", "a.data", "a", "a.csv", "a.JSON.gz"])
@pytest.mark.parametrize(
    "content",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\ufeff\n" + json.dumps(ROWS, ensure_ascii=False),
        "\n".join(map(json.dumps, ROWS)),
    ],
    ids=["array", "indented", "mark", "lines"],
)
def test_json_is_read_under_any_name(name: str, content: str, tmp_path: Path) -> None:
    data = content.encode()
    found, skipped = labelled(written(tmp_path / name, gzip.compress(data) if name.endswith("gz") else data))
    assert (found, skipped["empty"] - (content[0] == "\ufeff" and "[" not in content)) == (FOUND[0], 1)


def test_an_array_may_be_in_an_object(tmp_path: Path) -> None:
    assert labelled(written(tmp_path / "a.json", json.dumps({"version": 1, "data": ROWS}, indent=1))) == FOUND


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", "[{]", "a.json: invalid JSON"),
        ("a.json", "[" * 100_000, "a.json: invalid JSON"),
        ("a.json", "[1, 2]", "a.json: an array of JSON objects, one per example"),
        ("a.json", '{"a": [],\n "b": []}', "a.json: an array of JSON objects, one per example"),
        ("a.jsonl", '{"a": ' * 100_000, "a.jsonl, line 1: invalid JSON"),
        ("a.txt", '[{"text": "a"}, {"text": "b"}]', "a.txt, row 1: no field 'label' or a similar one; there are: text"),
    ],
)
def test_other_json_is_refused(name: str, content: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(written(tmp_path / name, content))


def test_brackets_do_not_make_json(tmp_path: Path) -> None:
    for text in ("[laughs] yes", "{no", "[", '{"a": 1} or so'):
        path = written(tmp_path / "a.tsv", f"{text}\t1\nb\t0\n")
        assert json_kind(path) is None
        assert labelled(path)[0] == [LabelledText(text, ("1",)), LabelledText("b", ("0",))]


def test_a_field_that_a_later_row_lacks_is_missing(tmp_path: Path) -> None:
    rows = [{"text": "a"}, {"text": "b", "label": 1}, {"text": "c"}, {"text": "d", "label": 0}]
    found, skipped = labelled(written(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows))))
    assert [one.text for one in found] == ["b", "d"]
    assert skipped == {"without a label": 2}
    assert "line 5: no field 'text'; there are: txt, label" in refusal(
        written(tmp_path / "a.jsonl", "\n".join(map(json.dumps, [*rows, {"txt": "e", "label": 1}])))
    )


def parquet(path: Path, **columns: list[Any]) -> Path:
    require_module("pyarrow.parquet").write_table(require_module("pyarrow").table(columns), path)
    return path


def test_tables_come_from_parquet(tmp_path: Path) -> None:
    texts = [f"text {i}\t\n" for i in range(700)]
    path = parquet(tmp_path / "a.parquet", id=list(range(700)), review=texts, sentiment=[i % 3 for i in range(700)])
    assert labelled(path)[0] == [LabelledText(text, (str(i % 3),)) for i, text in enumerate(texts)]
    several = parquet(tmp_path / "b.PARQUET", text=["a", "b", "c", "d"], labels=[["x", "y"], [], None, ["y"]])
    found, skipped = labelled(several)
    assert [one.labels for one in found] == [("x", "y"), (), ("y",)]
    assert skipped == {"without a label": 1}
    sides = parquet(tmp_path / "c.parquet", de=["eins", "zwei"], en=["one", None])
    assert pairs(sides) == ([Pair("eins", "one")], Counter({"empty": 1}))
    files = parquet(tmp_path / "d.parquet", caption=["a cat"], label=["x"], file_name=["1.png"])
    captioned, labels = (
        list(read_listed(files, DataConfig(), Counter(), *wanted)) for wanted in ([CAPTIONED_FILES], [])
    )
    assert [(one.file, one.target) for one in captioned + labels] == [
        (tmp_path / "1.png", "a cat"),
        (tmp_path / "1.png", "x"),
    ]
    assert "no field 'mood'; there are: de, en" in refusal(sides, target="mood")


def test_a_field_of_csv_may_be_long(tmp_path: Path) -> None:
    long = "word, " * 50_000
    assert labelled(written(tmp_path / "a.csv", f'text,label\n"{long}",1\nb,0\n'))[0][0].text == long


@pytest.mark.parametrize("read", [read_labelled, read_conll])
def test_a_pipe_is_read_once(read: Any) -> None:
    require_path("/dev/fd")
    reading, writing = os.pipe()
    try:
        os.write(writing, b"# newdoc\tO\na\tx\nb\ty\n")
        os.close(writing)
        assert len(list(read(Path(f"/dev/fd/{reading}"), DataConfig(), Counter()))) == (
            3 if read is read_labelled else 1
        )
    finally:
        os.close(reading)
