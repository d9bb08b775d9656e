"""Rows in JSON as pandas, `datasets` and others write it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from cutaway.data.examples import LabelledText, Pair
from cutaway.data.readers import flat, read_file
from cutaway.data.tables.json_rows import rows_of
from data.tables.test_rows import labelled, pairs, refusal, written
from support import require_module

ROWS = [{"text": "a b", "label": "x"}, {"text": "c", "label": "y"}, {"text": "d", "label": "x"}]
FOUND = [LabelledText(str(row["text"]), (str(row["label"]),)) for row in ROWS]
ORIENTS: dict[str, Any] = {
    "records": ROWS,
    "columns": {name: {str(i): row[name] for i, row in enumerate(ROWS)} for name in ("text", "label")},
    "index": {str(i): row for i, row in enumerate(ROWS)},
    "named index": {f"row{i}": row for i, row in enumerate(ROWS)},
    "split": {"columns": ["text", "label"], "index": [0, 1, 2], "data": [[row["text"], row["label"]] for row in ROWS]},
    "table": {"schema": {"fields": [{"name": "text"}], "primaryKey": ["index"]}, "data": ROWS},
    "lists": {name: [row[name] for row in ROWS] for name in ("text", "label")},
    "versioned": {"version": "1", "languages": ["en"], "data": ROWS},
}


def packed(name: str, value: Any, indent: int | None) -> bytes:
    content = json.dumps(value, indent=indent).encode()
    return gzip.compress(content) if name.endswith(".gz") else content


@pytest.mark.parametrize("orient", ORIENTS)
@pytest.mark.parametrize("indent", [None, 1])
def test_every_way_to_write_a_table_is_read(orient: str, indent: int | None, tmp_path: Path) -> None:
    for name in ("a.json", "a.json.gz" if indent else "a.txt"):
        assert labelled(written(tmp_path / name, packed(name, ORIENTS[orient], indent)))[0] == FOUND


@pytest.mark.parametrize(
    "value",
    [{"a": 1}, {"a": [], "b": []}, {"a": [1], "b": [1, 2]}, {"a": {"0": 1}, "b": {"1": 2}}, [["a", 1]], [1], "a", {}],
)
def test_other_values_have_no_rows(value: Any) -> None:
    assert rows_of(value) is None


def test_texts_alone_are_rows() -> None:
    assert rows_of(["a", "b"]) == [{"text": "a"}, {"text": "b"}]


def test_one_object_in_a_line_is_one_row(tmp_path: Path) -> None:
    row = {"text": "a", "label": "x", "meta": {"page": 3}}
    assert labelled(written(tmp_path / "a.json", json.dumps(row)))[0] == [LabelledText("a", ("x",))]


def test_fields_of_objects_are_fields(tmp_path: Path) -> None:
    assert flat({"a": {"b": {"c": 1}, "d.": 2}, "e": {}, "f": [3]}) == {"a.b.c": 1, "a.d.": 2, "e": {}, "f": [3]}
    rows = [{"id": i, "translation": {"en": f"a {i}", "de": f"ein {i}"}} for i in range(3)]
    expected = [Pair(f"a {i}", f"ein {i}") for i in range(3)]
    path = written(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
    assert pairs(path)[0] == expected
    assert pairs(path, field="de", target="en")[0] == [Pair(one.target, one.source) for one in expected]
    assert ["".join(one) for one in read_file(path, "translation.de")] == ["ein 0", "ein 1", "ein 2"]
    arrow, parquet = require_module("pyarrow"), require_module("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert pairs(tmp_path / "a.parquet")[0] == expected
    assert ["".join(one) for one in read_file(tmp_path / "a.parquet", "translation.en")] == ["a 0", "a 1", "a 2"]


def test_a_field_beside_objects_comes_before_those_in_them(tmp_path: Path) -> None:
    row = {"meta": {"label": "no", "text": "no"}, "text": "a", "label": "x"}
    assert labelled(written(tmp_path / "a.jsonl", json.dumps(row)))[0] == [LabelledText("a", ("x",))]
    assert "there are: meta.b" in refusal(written(tmp_path / "b.jsonl", json.dumps({"meta": {"b": 1}})))
