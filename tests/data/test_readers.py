import gzip
import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data import readers
from cutaway.data.readers import is_text, read_file, read_lines, split_lines
from cutaway.errors import UserError
from support import require_module


def texts(path: Path, field: str = "text") -> list[str]:
    return ["".join(document) for document in read_file(path, field)]


def refusal(path: Path, field: str = "text") -> str:
    with pytest.raises(UserError) as caught:
        texts(path, field)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture
def parquet() -> ModuleType:
    require_module("pyarrow")
    return require_module("pyarrow.parquet")


@given(text=st.text(), block=st.integers(1, 5))
def test_a_text_file_is_read_as_it_is(tmp_path_factory: pytest.TempPathFactory, text: str, block: int) -> None:
    path = written(tmp_path_factory.mktemp("text") / "a.txt", b"\xef\xbb\xbf" + text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readers, "BLOCK_BYTES", block)
        assert texts(path) == [text]


def test_a_file_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "BLOCK_BYTES", 7)
    document = next(read_file(written(tmp_path / "a.txt", "é".encode() * 50), "text"))
    assert max(map(len, document)) <= 4


@pytest.mark.parametrize(("block", "place"), [(4, 9), (5, 9), (1 << 20, 9)])
def test_the_first_byte_that_is_no_text_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, place: int
) -> None:
    monkeypatch.setattr(readers, "BLOCK_BYTES", block)
    content = "abcdé漢".encode()
    assert len(content) == place
    assert f"invalid byte at {place}" in refusal(written(tmp_path / "a", content + b"\xff more"))
    assert f"invalid byte at {place}" in refusal(written(tmp_path / "a", content + "漢".encode()[:2]))


def test_compressed_text_is_the_same_text(tmp_path: Path) -> None:
    text = "one\r\ntwo\u2028é\n"
    assert texts(written(tmp_path / "a.en.gz", gzip.compress(text.encode()))) == [text]
    lines = b'{"text": "one"}\n{"text": "two"}\n'
    assert texts(written(tmp_path / "a.JSONL.gz", gzip.compress(lines))) == ["one", "two"]
    assert "a.txt.gz" in refusal(written(tmp_path / "a.txt.gz", b"no gzip at all"))
    assert "cut short" in refusal(written(tmp_path / "a.txt.gz", gzip.compress(bytes(999))[:-9]))


def test_lines_of_jsonl_are_documents(tmp_path: Path) -> None:
    rows = ["line\nfeed \u2028 é", "", "last"]
    lines = [json.dumps({"id": number, "body": row}) for number, row in enumerate(rows)]
    path = written(tmp_path / "a.jsonl", "\r\n".join([*lines, "", '{"body": null}']).encode("utf-8-sig"))
    assert texts(path, "body") == [*rows, "", ""]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"text": "b"', "line 2: invalid JSON"),
        (b'{"text": "\xff"}', "line 2: invalid JSON"),
        (b'["b"]', "line 2: a JSON object was expected"),
        (b'{"id": 1, "body": "b"}', "line 2: no field 'text'; there are: id, body"),
        (b'{"text": 5}', "line 2, field 'text': text was expected, not int"),
        (rb'{"text": "b\ud83d"}', r"line 2, field 'text': '\ud83d'"),
    ],
)
def test_a_bad_line_of_jsonl_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    assert said in refusal(written(tmp_path / "a.jsonl", b'{"text": "a"}\n' + line + b"\n"))


def test_rows_of_parquet_are_documents(tmp_path: Path, parquet: ModuleType) -> None:
    arrow = require_module("pyarrow")
    rows = ["é\r\n", None, "", "漢"] * 200
    parquet.write_table(arrow.table({"id": range(800), "body": rows}), tmp_path / "a.parquet", row_group_size=300)
    assert texts(tmp_path / "a.parquet", "body") == [row or "" for row in rows]
    assert "no field 'text'; there are: id, body" in refusal(tmp_path / "a.parquet")
    assert "field 'id': text was expected, not int" in refusal(tmp_path / "a.parquet", "id")
    content = (tmp_path / "a.parquet").read_bytes()
    assert "is damaged" in refusal(written(tmp_path / "b.parquet", content[:-9]))


def test_without_pyarrow_parquet_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert "pip install 'cutaway[data]'" in refusal(written(tmp_path / "a.parquet", b""))


def test_what_is_gone_is_named(tmp_path: Path) -> None:
    assert "a.txt: No such file" in refusal(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.py", "é = 1\n".encode(), True),
        ("a.bin", b"text\0more", False),
        ("a.txt", b"text\xff", False),
        ("a.gz", gzip.compress(b"text", mtime=0), True),
        ("a.gz", gzip.compress(b"text\0", mtime=0), False),
        ("a.parquet", b"PAR1\0", True),
    ],
)
def test_text_is_told_from_binary(tmp_path: Path, name: str, content: bytes, expected: bool) -> None:
    assert is_text(written(tmp_path / name, content)) is expected


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_only_a_line_feed_ends_a_line_with_or_without_a_carriage_return_before(tmp_path: Path, end: str) -> None:
    lines = ["one\rstill one\u2028\x85\x0b", "", " two\r", "\ufeff"]
    text = "\r\n".join(lines) + end
    assert list(read_lines(written(tmp_path / "a.txt", "\ufeff".encode() + text.encode()))) == lines
    assert split_lines(text) == lines
    assert split_lines("") == []
