"""What a folder or a pair of files is for is seen from the names in it."""

import json
from pathlib import Path

import pytest

from cutaway.config.reading import override
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from runs.test_guess import CLASSIFICATION, FILES, of, write


@pytest.mark.parametrize(
    ("files", "task", "data"),
    [
        (["cat/1.png", "dog/2.png"], "image_classification", "folder: 2 images in folders"),
        (["train/cat/1.jpg", "train/dog/2.jpg"], "image_classification", "folder: 2 images in folders"),
        (["yes/1.wav", "no/2.wav", "README.md"], "audio_classification", "folder: 2 recordings in folders"),
        (["captions.tsv", "1.png", "2.png"], "image_captioning", "folder: images with captions.tsv"),
        (["a.txt", "b/c.md", ".hidden.png"], "language_modeling", "folder: 2 files of text"),
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
