"""What a folder or a pair of files is for is seen from the names in it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from cutaway.config.data import DataConfig
from cutaway.config.reading import override
from cutaway.config.run import RunConfig
from cutaway.data.examples import LabelledText
from cutaway.data.tables.labelled_texts import read_labelled
from cutaway.errors import UserError
from runs.test_guess import CLASSIFICATION, FILES, of, write


@pytest.mark.parametrize(
    ("files", "task", "data"),
    [
        (["cat/1.png", "dog/2.png"], "image_classification", "folder: 2 images in folders"),
        (["train/cat/1.jpg", "train/dog/2.jpg"], "image_classification", "folder: 2 images in folders"),
        (["yes/1.wav", "no/2.wav", "README.md"], "audio_classification", "folder: 2 recordings in folders"),
        (["captions.tsv", "1.png", "2.png"], "image_captioning", "folder: images with captions.tsv"),
        (["a.txt", "b/c.md", ".hidden.png"], "language_modeling", "folder: 2 text files"),
        (["a.fasta", "b.fa"], "masked_language_modeling", "folder: 2 FASTA files"),
    ],
)
def test_a_folder_says_what_it_is_for(files: list[str], task: str, data: str, tmp_path: Path) -> None:
    for name in files:
        write(tmp_path / "folder" / name)
    found = of(tmp_path / "folder")
    assert (found.task, found.data) == (task, data)


def test_a_folder_with_a_file_for_each_split_gives_both(tmp_path: Path) -> None:
    for name in ("train", "dev", "test"):
        write(tmp_path / f"{name}.csv", FILES["review.csv"][0])
    found = of(tmp_path)
    assert found.task == CLASSIFICATION
    paths = [f"data.{key}={json.dumps(str(tmp_path / name))}" for key, name in (("path", "train.csv"),)]
    assert list(found.assignments[:2]) == [*paths, f"data.validation_path={json.dumps(str(tmp_path / 'dev.csv'))}"]
    assert found.assignments[2:] == ('data.field="review"', 'data.target="sentiment"')


def test_parallel_files_are_named_by_what_both_begin_with(tmp_path: Path) -> None:
    for side in ("en", "de"):
        write(tmp_path / f"pairs.{side}", "a\nb\n")
    found = of(tmp_path / "pairs")
    assert (found.task, found.assignments) == ("sequence_to_sequence", ('data.field="de"', 'data.target="en"'))
    assert of(tmp_path / "pairs", field="en", target="de").assignments == ('data.field="en"', 'data.target="de"')
    write(tmp_path / "pairs.fr")
    with pytest.raises(UserError, match=r"pairs: 3 parallel files \(de, en, fr\).*data\.field= and data\.target="):
        of(tmp_path / "pairs")
    with pytest.raises(UserError, match=r"pairs\.en: one of parallel files: .*--data .*pairs, or the task"):
        of(tmp_path / "pairs.en")
    with pytest.raises(UserError, match=r"3 files ending in de, en, fr: .*--data .*train"):
        of(tmp_path)


def test_norwegian_is_not_false(tmp_path: Path) -> None:
    for side in ("no", "sv"):
        write(tmp_path / f"pairs.{side}", "a\nb\n")
    assert override(RunConfig(), of(tmp_path / "pairs").assignments).data.field == "no"


def test_images_without_labels_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path / "1.png")
    with pytest.raises(UserError, match=r"1 image: what this is for is unclear; put those of each label into a folder"):
        of(tmp_path)


@pytest.mark.parametrize(
    ("endings", "task"), [("png jpg", "image_classification"), ("wav flac", "audio_classification")]
)
def test_a_table_beside_files_labels_them(endings: str, task: str, tmp_path: Path) -> None:
    names = [f"clips/{i}.{ending}" for i in range(3) for ending in endings.split()]
    for name in names:
        write(tmp_path / name)
    write(tmp_path / "labels.csv", "file_name,label\n" + "".join(f"{name},{name[6]}\n" for name in names))
    found = of(tmp_path)
    assert found.task == task
    assert found.assignments[0] == f"data.path={json.dumps(str(tmp_path / 'labels.csv'))}"
    write(tmp_path / "labels.csv", "id,breed\n" + "".join(f"clip {i},{i % 2}\n" for i in range(6)))
    with pytest.raises(UserError, match=r"labels\.csv, which does not name them: .*a column of their paths"):
        of(tmp_path)


def test_a_file_of_a_split_without_labels_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", FILES["review.csv"][0])
    write(tmp_path / "test.csv", "review\na film\nanother film\n")
    found = of(tmp_path)
    assert not any(one.startswith("data.validation_path=") for one in found.assignments)
    assert "; test.csv, which holds other columns, is left out -> " in found.seen


def test_texts_in_folders_of_labels_below_splits_are_classified(tmp_path: Path) -> None:
    for name in ("train/pos/1.txt", "train/neg/2.txt", "test/pos/3.txt", "test/neg/4.txt"):
        write(tmp_path / name, f"text {name}")
    found = of(tmp_path)
    assert (found.task, found.data) == (CLASSIFICATION, f"{tmp_path.name}: 4 texts in folders")
    write(tmp_path / "plain" / "a" / "1.txt", "a")
    assert of(tmp_path / "plain").task == "language_modeling"
    texts = list(read_labelled(tmp_path / "train", DataConfig(), Counter()))
    assert texts == [LabelledText("text train/neg/2.txt", ("neg",)), LabelledText("text train/pos/1.txt", ("pos",))]
