from collections import Counter
from pathlib import Path

import pytest

from cutaway.data.label_folders import files_by_label, split_folders
from cutaway.errors import UserError
from data.paths import ignore_case


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_files_come_in_order_with_the_name_of_their_folder(tmp_path: Path) -> None:
    write(tmp_path, "b/2.wav", "b/1.WAV", "b/deep/er/0.wav", "a/9.wav")
    skipped: Counter[str] = Counter()
    found = list(files_by_label(tmp_path, (".wav",), skipped))
    assert [(str(path.relative_to(tmp_path)), label) for path, label in found] == [
        ("a/9.wav", "a"),
        ("b/1.WAV", "b"),
        ("b/2.wav", "b"),
        ("b/deep/er/0.wav", "b"),
    ]
    assert skipped == {}


def test_they_come_in_the_same_order_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ignore_case(monkeypatch)
    write(tmp_path, "a/2.wav", "a/B.wav", "a/a.wav", "B/1.wav")
    found = [str(path.relative_to(tmp_path)) for path, _ in files_by_label(tmp_path, (".wav",), Counter())]
    assert found == ["B/1.wav", "a/2.wav", "a/B.wav", "a/a.wav"]


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    write(tmp_path, "a/1.wav", "a/notes.txt", "a/.hidden.wav", ".git/2.wav", "labels.csv", "3.wav", "b/4.mp3", "c/5")
    skipped: Counter[str] = Counter()
    assert len(list(files_by_label(tmp_path, (".wav", ".wave"), skipped))) == 1
    assert skipped == {"hidden": 2, "beside the folders of labels": 2, "not .wav or .wave": 3}


def test_a_folder_without_folders_is_told(tmp_path: Path) -> None:
    write(tmp_path, "1.wav")
    with pytest.raises(UserError, match="has no subfolders: put the files of each label into a folder of that name"):
        list(files_by_label(tmp_path, (".wav",), Counter()))


def test_splits_above_the_folders_of_labels_are_no_labels(tmp_path: Path) -> None:
    write(tmp_path, "train/cat/1.wav", "train/dog/2.wav", "Test/cat/3.wav", "val/dog/4.wav", "train/notes.txt")
    split = split_folders(tmp_path)
    assert split is not None
    assert [path and path.name for path in split[:2]] == ["train", "val"]
    assert [path.name for path in split.others] == ["Test"]
    with pytest.raises(UserError, match=r"has the splits train, val, Test: name one of them, such as .*Test"):
        list(files_by_label(tmp_path, (".wav",), Counter()))
    assert [label for _, label in files_by_label(tmp_path / "train", (".wav",), Counter())] == ["cat", "dog"]


@pytest.mark.parametrize(
    ("names", "is_split"),
    [
        (["train/cat/1.wav", "train/dog/1.wav"], True),
        (["train/1.wav", "test/2.wav"], False),
        (["train/1.wav", "val/deep/2.wav"], False),
        (["train/fast/1.wav", "bus/2.wav"], False),
        (["train/cat/1.wav", "val/cat/2.wav", "notes/3.txt"], True),
    ],
)
def test_labels_may_be_called_like_splits(names: list[str], is_split: bool, tmp_path: Path) -> None:
    write(tmp_path, *names)
    assert (split_folders(tmp_path) is not None) is is_split
