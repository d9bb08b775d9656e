"""What no reader recognises is told with what was seen and what to do."""

import json
from pathlib import Path

import pytest

from cutaway.config.data import DataConfig
from cutaway.data.recognise import recognise
from cutaway.errors import UserError
from runs.test_guess import GERMAN, SIGNS, TEXTS, rows, table, write


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a.csv",
            table(",", ["one", "two", "three"], TEXTS, GERMAN, SIGNS),
            "a.csv: columns one, two, three: what this",
        ),
        (
            "a.tsv",
            table("\t", None, SIGNS, SIGNS),
            "2 columns without names (0, 0): what this is for is unclear; choose the columns by their",
        ),
        ("a.jsonl", rows(question=TEXTS, context=TEXTS, answer=GERMAN), "columns question, context, answer"),
        ("a.json", "{}", "a.json is empty: give examples"),
        ("a.csv", "\n\n", "a.csv is empty: give examples"),
        ("a.csv", "text,label\n", "a.csv: columns text, label, and no row: give examples"),
        ("a.tsv", table(",", None, TEXTS, SIGNS), "rename it to .csv, because ',' separates its columns"),
        ("a.csv", table(",", None, SIGNS, TEXTS, GERMAN, SIGNS), "4 columns without names (0, a good film, ein guter"),
        ("a.json", '[{"text": "a", "lab', "a.json: invalid JSON"),
        (
            "a.fasta",
            ">a\nACGTTGCAACGTTGCAACGTTGCA\n",
            "a.fasta: nucleotides: what this is for is unclear; FASTA is read",
        ),
        (
            "a.txt",
            ">a x\nMKV\n",
            "a.txt: sequences in FASTA: what this is for is unclear; let its name end with .fasta",
        ),
        (
            "a.txt",
            "__label__x a b\n__label__y c\n",
            "the labels of fastText: what this is for is unclear; write each line",
        ),
        ("a.jsonl", rows(messages=[[{"role": "user", "content": "a"}]] * 3), "messages has conversations: what this"),
        ("a.json", json.dumps([{"conversations": [{"from": "gpt", "value": "a"}]}]), "conversations has conversations"),
        ("a.jsonl", rows(text=[["a", "b"]] * 6, label=SIGNS), "columns text, label: what this is for is unclear"),
        (
            "a.csv",
            table(";", ["text", "score"], TEXTS, [one.replace(".", ",") for one in ["0.5", "1.5"] * 3]),
            "a decimal",
        ),
        ("a.tsv", table("\t", ["text", "labels"], TEXTS, ["a|b", "a", "b", "c", "a|c", "b"]), "labels such as 'a|b'"),
        ("a.xlsx", "PK\x03\x04\0", "a.xlsx is a zip archive, as .xlsx and .docx are: unpack it"),
        ("a.wav", "", "a single file: what this is for is unclear; give a folder"),
        ("a.bin", "a\0b", "is not text"),
        ("a.json", json.dumps({"a": [{"title": "t", "labels": [{"text": "x"}]}]}), "columns title, labels: what this"),
        ("a.jsonl", rows(text=TEXTS, labels=[[["x"], ["y"]]] * 6), "columns text, labels: what this is for is unclear"),
        ("a.npz", "PK\x03\x04 cut", "a.npz is not an archive of plain arrays, or is damaged"),
        ("a.npz", "no archive", "a.npz is not an archive of plain arrays, or is damaged"),
        ("nowhere/a", "", "no such file or folder"),
    ],
)
def test_what_is_unclear_is_told_with_what_was_seen(name: str, content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / name if name.startswith("nowhere") else write(tmp_path / name, content)
    with pytest.raises(UserError) as error:
        recognise(DataConfig(path=str(path)))
    assert said in str(error.value)
    assert "\n" not in str(error.value)
