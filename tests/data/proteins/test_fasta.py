import gzip
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.config.data import DataConfig
from cutaway.data.examples import LabelledText
from cutaway.data.proteins.fasta import Protein, is_fasta, read_fasta
from cutaway.data.tables.labelled_texts import read_labelled
from cutaway.errors import UserError
from cutaway.text.amino_acids import AMINO_ACIDS

RESIDUES = st.text(AMINO_ACIDS + AMINO_ACIDS.lower(), min_size=1, max_size=30)


def read(path: Path, content: str, key: str | None = None) -> tuple[list[Protein], Counter[str]]:
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    skipped: Counter[str] = Counter()
    return list(read_fasta(path, skipped, key)), skipped


@settings(max_examples=30)
@given(sequences=st.lists(RESIDUES, min_size=1), width=st.integers(1, 9), end=st.sampled_from(["\n", "\r\n", "\n\n"]))
@pytest.mark.parametrize("name", ["a.fasta", "a.faa.gz"])
def test_sequences_are_read_however_their_lines_are_cut(
    tmp_path_factory: pytest.TempPathFactory, name: str, sequences: list[str], width: int, end: str
) -> None:
    wrapped = [end.join(text[i : i + width] for i in range(0, len(text), width)) for text in sequences]
    content = end.join(f">p{number} kind{end}{text}" for number, text in enumerate(wrapped))
    found, skipped = read(tmp_path_factory.mktemp("a") / name, content)
    assert found == [Protein(f"p{number}", "kind", text.upper()) for number, text in enumerate(sequences)]
    assert not skipped


@pytest.mark.parametrize(
    ("header", "key", "label"),
    [
        ("p", None, None),
        (" p kinase", None, "kinase"),
        ("p\tkinase of the yeast", None, "kinase"),
        ("p family=kinase", None, "kinase"),
        ("p a kinase OS=yeast label=kinase", None, "kinase"),
        ("p a family=b label=c", None, "c"),
        ("p OS=yeast", None, None),
        ("p family=", None, None),
        ("p family=a=b", None, "a=b"),
        ("p kinase OS=yeast", "OS", "yeast"),
        ("p kinase OS=yeast", "GN", None),
        ("OS=yeast", "OS", None),
    ],
)
def test_the_label_is_named_or_the_second_word(tmp_path: Path, header: str, key: str | None, label: str | None) -> None:
    (protein,), _ = read(tmp_path / "a.fasta", f">{header}\nMK\n", key)
    assert protein.label == label
    assert protein.id == header.split()[0]


def test_stops_and_empty_sequences_are_counted(tmp_path: Path) -> None:
    found, skipped = read(tmp_path / "a.fasta", "\n>a\nMK\nV*\n>b\n>c\n\n>d\n*\n>e\nM K\tV\n\n")
    assert [(one.id, one.residues) for one in found] == [("a", "MKV"), ("e", "MKV")]
    assert skipped == {"stops dropped": 2, "empty": 3}


def test_an_empty_file_holds_none(tmp_path: Path) -> None:
    assert read(tmp_path / "a.fasta", "\n\n") == ([], Counter())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("MKV\n", "line 1: FASTA begins with a line such as >id, not 'MKV'"),
        ("\n; old\n>a\nMK\n", "line 2: FASTA begins with"),
        (">a\nMK\n\n> \nMK\n", "line 4: a sequence has no id"),
        (">a\nMKV\nM1V\n", "line 3: '1' in the sequence 'a' is not an amino acid"),
        (">a\nMKV\n>b c\nMK-V", "line 4: '-' in the sequence 'b' is not an amino acid"),
        (">a\nM*V\n", r"line 2: '\*' in the sequence 'a'"),
        (">a\nMK*\nV\n", r"line 2: '\*' in the sequence 'a'"),
        (">a\nMK**\n", r"line 2: '\*' in the sequence 'a'"),
        (">a\nMKſ\n", "line 2: 'ſ' in the sequence 'a'"),  # becomes S in upper case
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(UserError, match=f"a.fasta, {said}"):
        read(tmp_path / "a.fasta", content)


def test_the_end_of_its_name_tells() -> None:
    assert all(is_fasta(Path(name)) for name in ("a.fasta", "a.b.FA", "a.faa.gz", "a.fas"))
    assert not any(is_fasta(Path(name)) for name in ("fasta", "a.txt", "a.fasta.txt", "a.gz"))


def test_proteins_are_labelled_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.fasta"
    path.write_text(">a kinase class=x\nmk\n>b\nLL\n>c OS=yeast class=y\nV*\n>d z\n\n")
    skipped: Counter[str] = Counter()
    assert list(read_labelled(path, DataConfig(), skipped)) == [LabelledText("MK", ("kinase",))]
    assert skipped == {"without a label": 2, "stops dropped": 1, "empty": 1}
    named = list(read_labelled(path, DataConfig(target="class"), Counter()))
    assert named == [LabelledText("MK", ("x",)), LabelledText("V", ("y",))]
