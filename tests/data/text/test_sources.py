import gzip
import io
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from cutaway.config.data import DataConfig
from cutaway.data.text import python_docs
from cutaway.data.text.sources import Source, open_source
from cutaway.errors import UserError
from data.paths import ignore_case
from support import require_path


def texts(source: Source) -> list[str]:
    return ["".join(document) for document in source.documents()]


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        open_source(DataConfig(path=str(path)))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_can_be_read_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    source = open_source(DataConfig(path=str(tmp_path / "a.txt")))
    assert texts(source) == texts(source) == ["one"]


def test_a_folder_is_its_text_files_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.md", "a/b/c.txt", ".hidden", ".git/x", "a/.git/y", "c.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name if name != "c.jsonl" else '{"text": "1"}\n{"text": "2"}\n')
    (tmp_path / "a" / "photo").write_bytes(b"\x89PNG\0")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "again").symlink_to(tmp_path / "a")
    source = open_source(DataConfig(path=str(tmp_path)))
    assert texts(source) == texts(source) == ["a/b/c.txt", "a/z.md", "b.txt", "1", "2"]
    assert source.skipped == {"hidden": 3, "not text": 2, "linked folders": 1}


def test_a_folder_is_read_in_the_same_order_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ignore_case(monkeypatch)
    for name in ("a.txt", "B.txt", "c/D.txt", "c/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert texts(open_source(DataConfig(path=str(tmp_path)))) == ["B.txt", "a.txt", "c/D.txt", "c/d.txt"]


def test_every_sequence_of_fasta_is_a_document(tmp_path: Path) -> None:
    (tmp_path / "a.fasta").write_text(">a x\nmk\nv*\n>b\n\n>c\nLL*\n")
    (tmp_path / "b.txt").write_text(">a x\nmk\n")
    (tmp_path / "c.faa.gz").write_bytes(gzip.compress(b">d\nW*\n"))
    source = open_source(DataConfig(path=str(tmp_path / "a.fasta")))
    assert texts(source) == texts(source) == ["MKV", "LL"]
    assert source.skipped == {"stops dropped": 2, "empty": 1}, "whenever it is read, and not added up"
    source = open_source(DataConfig(path=str(tmp_path)))
    assert texts(source) == texts(source) == ["MKV", "LL", ">a x\nmk\n", "W"]
    assert source.skipped == {"stops dropped": 3, "empty": 1}


def test_a_damaged_file_in_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "photo.gz").write_bytes(gzip.compress(b"\xff\0"))
    assert open_source(DataConfig(path=str(tmp_path))).skipped == {"not text": 1}
    for content in (gzip.compress(b"text" * 99)[:-9], b"no gzip"):
        (tmp_path / "b.txt.gz").write_bytes(content)
        assert f"{tmp_path / 'b.txt.gz'} is not a gzip file, or was cut short" in refusal(tmp_path)


def test_a_folder_of_nothing_but_text_skips_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    assert open_source(DataConfig(path=str(tmp_path))).skipped == {}


def test_a_folder_without_text_is_refused(tmp_path: Path) -> None:
    assert "it is empty" in refusal(tmp_path)
    (tmp_path / ".hidden").write_text("text")
    (tmp_path / "photo").write_bytes(b"\0")
    assert "(1 hidden, 1 not text)" in refusal(tmp_path)


def test_a_missing_file_names_its_nearest_neighbour(tmp_path: Path) -> None:
    (tmp_path / "shakespeare.txt").write_text("text")
    assert "did you mean 'shakespeare.txt'?" in refusal(tmp_path / "shakespear.txt")
    assert "did you mean 'python-docs'?" in refusal(tmp_path / "python-doc")
    assert "give a file, a folder, - or python-docs" in refusal(tmp_path / "nowhere" / "x")


def test_standard_input_can_be_read_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("pipéd\r\n".encode())))
    with open_source(DataConfig(path="-")) as source:
        assert texts(source) == texts(source) == ["pipéd\r\n"]


def test_a_pipe_can_be_read_again_and_again() -> None:
    require_path("/dev/fd")  # pipes that have a name
    reader, writer = os.pipe()
    os.write(writer, b"piped")
    os.close(writer)
    with open_source(DataConfig(path=f"/dev/fd/{reader}")) as source:
        os.close(reader)
        assert texts(source) == texts(source) == ["piped"]


def test_the_copy_of_a_pipe_is_closed_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"piped")))
    with open_source(DataConfig(path="-")) as source:
        texts(source)
    with pytest.raises(ValueError, match="closed file"):
        texts(source)


def test_the_copy_of_a_pipe_that_breaks_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.BytesIO):
        """Gives nothing."""

        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("broken")

    spools, make = [], tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: spools.append(make()) or spools[-1])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Broken()))
    with pytest.raises(OSError, match="broken"):
        open_source(DataConfig(path="-"))
    assert [spool.closed for spool in spools] == [True]


def test_python_brings_a_corpus_along() -> None:
    (text,) = texts(open_source(DataConfig()))
    assert len(text) > 300_000
    assert text == python_docs.python_docs()


def test_topics_are_joined_in_order_of_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        sys.modules, "pydoc_data.topics", SimpleNamespace(topics={"while": "loop\n", "assert": "check\n"})
    )
    assert python_docs.python_docs() == "check\n\n\nloop\n"


def test_docstrings_stand_in_for_missing_topics(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    monkeypatch.setattr(python_docs.os, "__file__", str(tmp_path / "os.py"))
    (tmp_path / "b.py").write_text('"""B."""\nraise SystemExit\n')
    (tmp_path / "a.py").write_text('"""A é."""\nclass C:\n    """C."""\n    def f():\n        "f"\ndef g(): pass\n')
    assert python_docs.python_docs() == "A é.\n\nC.\n\nf\n\nB."


def test_a_python_without_any_documentation_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    monkeypatch.setattr(python_docs.os, "__file__", str(tmp_path / "os.py"))
    with pytest.raises(UserError, match="give a text file"):
        python_docs.python_docs()
