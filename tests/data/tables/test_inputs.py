"""The column of inputs of a table is found, or its columns are named."""

from pathlib import Path

import pytest

from cutaway.config.data import DataConfig
from cutaway.data.tables.inputs import read_inputs
from cutaway.data.text.sources import open_source
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
        ("a.csv", "id;Review Text\n1;fine, warm\n", ["fine, warm"]),
        ("a.json", '[{"label": 1, "content": "a"}, {"label": 0, "content": "b"}]', ["a", "b"]),
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


def documents(path: Path, **data: str) -> list[str]:
    with open_source(DataConfig(path=str(path), **data)) as source:
        return ["".join(document) for document in source.documents()]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'id,text,label\n1,"one, ""1""",x\n2,two,y\n'),
        ("a.tsv", 'text\tlabel\none, "1"\tx\ntwo\ty\n'),
        ("a.json", '[{"text": "one, \\"1\\""}, {"text": "two"}]'),
        ("a.jsonl", '[{"text": "one, \\"1\\""}, {"text": "two"}]'),
        ("a.txt", '{"text": "one, \\"1\\""}\n\n{"text": "two"}'),
    ],
)
def test_a_text_in_a_column_is_not_learnt_with_the_table_around_it(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert documents(tmp_path / name) == ['one, "1"', "two"]
    assert documents(tmp_path / name, field="Text") == ['one, "1"', "two"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a.csv",
            "review,sentiment\na,b\n",
            "no column is called text, but review, sentiment: choose .* with data.field; to",
        ),
        ("a.json", '{"a": 1,\n "b": 2}', "an array of JSON objects, one per example, or .*; to learn the file"),
        (
            "a.txt",
            "review,sentiment\na,b\n",
            "looks like a table with the columns review, sentiment: rename it to .csv",
        ),
        ("a.txt", "label\ttext\na\tb\n", "looks like a table with the columns label, text: rename it"),
    ],
)
def test_a_table_is_questioned_as_a_text(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=said) as caught:
        documents(tmp_path / name)
    assert "through standard input, --data -" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["text, label\n\nA story.\n", "[one]\n", "{\n", "a,b\nc,d\n", "text\tlabel", ""])
def test_a_text_is_not_taken_for_a_table(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    assert documents(tmp_path / "a.txt") == [text]


def test_the_column_of_the_training_comes_first(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("v1,v2,text\nx,a b,c\n")
    assert read_inputs(tmp_path / "a.csv", "v2") == ["a b"]
    assert read_inputs(tmp_path / "a.csv", "v3") == ["c"]
    (tmp_path / "a.jsonl").write_text('{"translation": {"en": "a", "de": "b"}}\n')
    assert read_inputs(tmp_path / "a.jsonl", "translation.de") == ["b"]


def test_tagged_sentences_are_read_as_their_words(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("a O\ncat B-x\n\nit O\n")
    (tmp_path / "a.jsonl").write_text(
        '{"tokens": ["a", "cat"], "ner_tags": [0, 1]}\n{"tokens": ["it"], "ner_tags": [0]}\n'
    )
    for name in ("a.conll", "a.jsonl"):
        assert read_inputs(tmp_path / name) == ["a cat", "it"]
