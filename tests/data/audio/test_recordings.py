"""Recordings come from folders of labels or from tables; what is no recording is counted or told."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.config.data import DataConfig
from cutaway.data.arrays import Array
from cutaway.data.audio.compressed import ENDINGS
from cutaway.data.audio.recordings import read_recordings, samples_at, samples_of
from cutaway.data.audio.wav import read_wav
from cutaway.data.examples import LabelledAudio
from cutaway.errors import UserError
from data.audio_files import RATE, tone, write_wav

OTHER = 11_025


def read(path: Path, **choices: Any) -> tuple[list[LabelledAudio], Counter[str]]:
    skipped: Counter[str] = Counter()
    return list(read_recordings(path, DataConfig(**choices), skipped)), skipped


def test_a_folder_of_folders(tmp_path: Path) -> None:
    paths = [write_wav(tmp_path / name, tone(440, 50 + i)) for i, name in enumerate(("bell/1.wav", "dog/a.wav"))]
    (tmp_path / "dog" / "notes.txt").write_text("")
    found, skipped = read(tmp_path)
    assert found == [LabelledAudio(str(path), Array.of(read_wav(path)[0]), RATE, (path.parent.name,)) for path in paths]
    assert skipped == {f"not {' or '.join(ENDINGS)}": 1}
    assert found[0].given == found[0].samples != found[1].given


@pytest.mark.parametrize(
    ("name", "content", "choices"),
    [
        ("table.tsv", "label\tpath\nbell\tin/1.wav\n\t2.wav\ndog\t2.wav\n", {}),
        ("table.csv", "path,label,more\nin/1.wav,bell,x\n2.wav,,x\n2.wav,dog,x\n", {}),
        ("table.csv", "file,what\nin/1.wav,bell\n2.wav,\n2.wav,dog\n", {"field": "file", "target": "what"}),
    ],
    ids=["tsv", "csv", "chosen columns"],
)
def test_a_table_names_files_beside_it(tmp_path: Path, name: str, content: str, choices: dict[str, str]) -> None:
    paths = [write_wav(tmp_path / name, tone(440, 50 + i)) for i, name in enumerate(("in/1.wav", "2.wav"))]
    (tmp_path / name).write_text(content)
    found, skipped = read(tmp_path / name, **choices)
    assert [(one.path, one.labels) for one in found] == [(str(paths[0]), ("bell",)), (str(paths[1]), ("dog",))]
    assert skipped == {"without a label": 1}


def test_a_row_of_jsonl_may_have_several_labels(tmp_path: Path) -> None:
    write_wav(tmp_path / "1.wav", tone(440, 9))
    rows = [{"path": "1.wav", "labels": ["loud", "high"]}, {"path": "", "labels": []}, {"path": "1.wav", "labels": 7}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found, skipped = read(tmp_path / "t.jsonl")
    assert [one.labels for one in found] == [("loud", "high"), ("7",)]
    assert skipped == {"empty": 1}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("1.wav", r"1\.wav is a single recording: give a folder with a folder for each label, or a table"),
        ("missing.tsv", r"cannot read .*missing\.tsv"),
        ("no_header.tsv", r"line 1: 3 columns: two are expected, or a header that names a path and its label"),
        ("lost.tsv", r"cannot read .*lost\.wav: No such file"),
        ("empty", "has no subfolders"),
    ],
)
def test_what_holds_no_recordings_is_told(tmp_path: Path, path: str, said: str) -> None:
    write_wav(tmp_path / "1.wav", tone(440, 9))
    (tmp_path / "no_header.tsv").write_text("1.wav\tbell\tx\n")
    (tmp_path / "lost.tsv").write_text("path\tlabel\nlost.wav\tbell\n")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=said):
        read(tmp_path / path)


def test_an_example_of_another_rate_is_told_with_its_file(tmp_path: Path) -> None:
    write_wav(tmp_path / "dog" / "1.wav", tone(440, 9), OTHER)
    ((example,), _) = read(tmp_path)
    np.testing.assert_array_equal(samples_at(example, OTHER), read_wav(Path(example.path))[0])
    with pytest.raises(UserError, match=r"dog/1\.wav has 11,025 samples a second, and 8,000 are .* -ar 8000"):
        samples_at(example, RATE)


def test_a_person_gives_a_path_or_samples(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "1.wav", tone(440, 70))
    samples = read_wav(path)[0]
    for given in (path, str(path), samples, samples.astype(np.float64)):
        np.testing.assert_array_equal(samples_of(given, RATE), samples)
    with pytest.raises(UserError, match="has 8,000 samples a second, and 11,025 are asked for"):
        samples_of(path, OTHER)


@pytest.mark.parametrize("wrong", [np.zeros((2, 9)), np.zeros(9, np.int16), np.zeros(0)], ids=str)
def test_arrays_that_hold_no_samples_are_told(wrong: np.ndarray) -> None:
    with pytest.raises(
        UserError, match="a recording is a one-dimensional array of floating-point samples from -1 to 1"
    ):
        samples_of(wrong, RATE)
