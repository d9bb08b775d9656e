"""The column of inputs of a table is found, or its columns are named."""

from pathlib import Path

import pytest

from cutaway.data.tables.inputs import read_inputs
from cutaway.errors import UserError


@pytest.mark.parametrize(
    ("name", "content", "inputs"),
    [
        ("a.csv", 'label,text\nx,"one, two"\n\ny,\n', ["one, two", ""]),
        ("a.csv", "Text \nfirst\nsecond\n", ["first", "second"]),
        ("a.csv", "first\nsecond\n", ["first", "second"]),
        ("a.tsv", "\ufeffsentence\tlabel\r\none\u2028two\tx\r\n", ["one\u2028two"]),
        ("a.jsonl", '{"label": 1, "text": "a\\nb"}\n\n{"text": null}\n', ["a\nb", ""]),
        ("a.csv", "", []),
    ],
)
def test_the_column_of_inputs_is_read(tmp_path: Path, name: str, content: str, inputs: list[str]) -> None:
    (tmp_path / name).write_bytes(content.encode())
    assert read_inputs(tmp_path / name) == inputs


def test_paths_are_relative_to_the_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,label\nb.png,x\n/c.png,x\n")
    assert read_inputs(tmp_path / "a.csv") == [str(tmp_path / "b.png"), "/c.png"]


def test_a_table_without_such_a_column_is_refused(tmp_path: Path) -> None:
    for name, content in {"a.csv": "one,two\n1,2\n", "a.jsonl": '{"one": 1, "two": 2}\n'}.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(
            UserError, match=f"{name}, line 1: no column is called text or sentence, but one, two: name"
        ):
            read_inputs(tmp_path / name)
    (tmp_path / "a.csv").write_text("text,label\na,b,c\n")
    with pytest.raises(UserError, match="line 2: 3 columns, where the first line has 2"):
        read_inputs(tmp_path / "a.csv")
