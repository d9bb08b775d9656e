"""Missing labels are counted, and numbers are finite, whatever the file."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.config.data import DataConfig
from cutaway.data.audio.recordings import read_recordings
from cutaway.data.graphs.edge_lists import read_graphs
from cutaway.data.images.labelled_images import read_images
from cutaway.data.labels import labels_of
from cutaway.data.tables.labelled_texts import read_labelled
from cutaway.errors import UserError
from data.audio_files import tone, write_wav

NAN = "with the label 'nan', which counts as missing"
NONE = "without a label"


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        (float("nan"), NONE),
        (None, NONE),
        (" ", NONE),
        (["a", float("nan")], NONE),
        (["a", None], NONE),
        ("nan", NAN),
        (" NaN ", NAN),
    ],
)
def test_a_missing_label_is_counted(value: Any, counted: str) -> None:
    skipped: Counter[str] = Counter()
    assert labels_of(value, "here", skipped) is None
    assert skipped == {counted: 1}


def test_other_labels_are_kept() -> None:
    skipped: Counter[str] = Counter()
    for value, expected in (("nancy", ("nancy",)), (0.0, ("0.0",)), ([], ()), (["b", 1], ("b", "1")), (None, None)):
        assert labels_of(value, "here", skipped) == expected
    assert labels_of(" -1.5 ", "here", skipped, are_numbers=True) == ("-1.5",)
    assert labels_of(None, "here", skipped, are_numbers=True) is None
    assert skipped == {NONE: 2}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "-inf", "nan", "1e39", -1e300, "pet", [1, "NaN"]])
def test_a_number_that_is_none_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(UserError, match=r"a\.csv, line 7: .* is not a (finite )?number"):
        labels_of(value, "a.csv, line 7", Counter(), are_numbers=True)


def write(folder: Path, label: object) -> dict[Path, Any]:
    """Files of every kind in which the third label is this one, each with its reader."""
    labels = [0.5, 1.5, label, 2.0]
    rows = [{"text": f"text {i}", "label": one} for i, one in enumerate(labels)]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "a.csv").write_text("text,label\n" + "".join(f"text {i},{one}\n" for i, one in enumerate(labels)))
    (folder / "a.fasta").write_text("".join(f">P{i} label={one}\nMKV\n" for i, one in enumerate(labels)))
    (folder / "a.edges").write_text("".join(f"label: {one}\na b\n\n" for one in labels))
    np.savez(folder / "a.npz", images=np.zeros((4, 2, 3)), labels=np.array(labels, float))
    write_wav(folder / "1.wav", tone(440, 9))
    (folder / "sounds.jsonl").write_text("\n".join(json.dumps({"path": "1.wav", "label": one}) for one in labels))
    readers = dict.fromkeys(("a.jsonl", "a.csv", "a.fasta"), read_labelled)
    others = {"a.edges": read_graphs, "a.npz": read_images, "sounds.jsonl": read_recordings}
    return {folder / name: read for name, read in {**readers, **others}.items()}


def test_every_reader_counts_them_or_refuses_them(tmp_path: Path) -> None:
    for path, read in write(tmp_path, float("nan")).items():
        skipped: Counter[str] = Counter()
        assert len(list(read(path, DataConfig(), skipped))) == 3
        assert skipped == {NONE if path.suffix == ".jsonl" else NAN: 1}
    for label in (float("nan"), float("inf")):
        for path, read in write(tmp_path, label).items():
            with pytest.raises(UserError, match=r"(line [34]|graph 3|'P2'|image 3 of .*): .* is not a finite number"):
                list(read(path, DataConfig(), Counter(), are_numbers=True))


def test_a_folder_may_be_called_nan(tmp_path: Path) -> None:
    for name in ("nan", "naan"):
        (tmp_path / name).mkdir()
        write_wav(tmp_path / name / "1.wav", tone(440, 9))
    found = list(read_recordings(tmp_path, DataConfig(), Counter()))
    assert [one.labels for one in found] == [("naan",), ("nan",)]
