import gzip
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.config.data import DataConfig
from cutaway.data.examples import Tagged
from cutaway.data.tables.conll import read_conll
from cutaway.errors import UserError

WORD = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=5)
SENTENCE = st.lists(st.tuples(WORD, st.sampled_from(["O", "B-x", "I-x"])), min_size=1, max_size=4)


def read(path: Path, content: str) -> tuple[list[Tagged], Counter[str]]:
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    skipped: Counter[str] = Counter()
    return list(read_conll(path, DataConfig(), skipped)), skipped


@settings(max_examples=25)
@given(sentences=st.lists(SENTENCE), separator=st.sampled_from(["\n", " \t\n", "\n\n", "\r\n"]))
@pytest.mark.parametrize("between", ["\t", " ", "\tNN\t", "  NN 7 "])
def test_sentences_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, between: str, sentences: list[list[tuple[str, str]]], separator: str
) -> None:
    content = separator.join("".join(f"{word}{between}{tag}\n" for word, tag in rows) for rows in sentences)
    found, skipped = read(tmp_path_factory.mktemp("a") / "a.conll.gz", content)
    assert [list(zip(one.words, one.tags, strict=True)) for one in found] == sentences
    assert not skipped


def test_marks_of_documents_are_skipped_and_counted(tmp_path: Path) -> None:
    found, skipped = read(tmp_path / "a", "-DOCSTART- -X- O O\n\na NN x O\n\n-DOCSTART-\n\nb NN y O\n")
    assert found == [Tagged(("a",), ("O",)), Tagged(("b",), ("O",))]
    assert skipped == {"document marks": 2}


def test_a_mark_of_a_document_ends_a_sentence(tmp_path: Path) -> None:
    found, skipped = read(tmp_path / "a", "-DOCSTART- O\na O\nb O\n-DOCSTART- O\nc O\n-DOCSTART-\n\n-DOCSTART- O\n")
    assert [one.words for one in found] == [("a", "b"), ("c",)]
    assert skipped == {"document marks": 4}


@pytest.mark.parametrize("between", ["\t", " "])
@pytest.mark.parametrize(
    "comment", ["# newdoc", "# newdoc id = 7", "#newdoc", "# text = a b", "# sent_id=1", "# Some more words", "#"]
)
def test_comments_are_skipped_and_counted(comment: str, between: str, tmp_path: Path) -> None:
    rows = f"a{between}O\n# {between}O\n#tag{between}B-x\n".replace("# ", "#")
    found, skipped = read(tmp_path / "a", f"{comment}\n{rows}\n{comment}\n{rows}")
    assert found == [Tagged(("a", "#", "#tag"), ("O", "O", "B-x"))] * 2
    assert skipped == {"comments": 2}


def test_a_file_of_hashes_alone_has_words(tmp_path: Path) -> None:
    assert read(tmp_path / "a", "# newdoc\n# O\n#b O\n")[0] == [Tagged(("#", "#b"), ("O", "O"))]


@pytest.mark.parametrize("header", ["word tag", "Token\tPOS\tNER", "words ner_tags"])
def test_a_header_is_skipped_and_counted(header: str, tmp_path: Path) -> None:
    row = "\t".join(["a", "x", "O"]) if header.count("\t") == 2 else "a O"
    found, skipped = read(tmp_path / "a", f"\n{header}\n{row}\nword{row[1:]}\n")
    assert found == [Tagged(("a", "word"), ("O", "O"))]
    assert skipped == {"headers": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a\tO\n\nb\tNN\tO\n", "line 3: 3 columns, where the lines before have 2"),
        ("a NN O\nb O\n", "line 2: 2 columns, where the lines before have 3"),
        ("a\tO\nb\n", "line 2: a word and its tag are expected, not 'b'"),
        ("word\n", "line 1: a word and its tag"),
        ("a\tO\n\tO\n", "line 2: a word and its tag are expected, not 'O'"),
        ("a\tO\nb\t\n", "line 2: a word and its tag are expected, not 'b'"),
    ],
)
def test_a_ragged_line_is_named(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(tmp_path / "a.conll", content)
