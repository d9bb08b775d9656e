"""LabelledText images from folders, tables and archives; everything else is counted or told in one line."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.config.data import DataConfig
from cutaway.data.arrays import Array
from cutaway.data.examples import LabelledImage
from cutaway.data.images.labelled_images import read_images
from cutaway.errors import UserError
from data.image_files import colours, write


def read(path: Path, **choices: Any) -> tuple[list[LabelledImage], Counter[str]]:
    skipped: Counter[str] = Counter()
    return list(read_images(path, DataConfig(path=str(path), **choices), skipped)), +skipped


def refusal(path: Path, **choices: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(path, **choices)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def archive(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_a_folder_holds_a_folder_for_each_label(tmp_path: Path) -> None:
    places = {"dog/b.png": 1, "dog/a.bmp": 2, "cat/old/z.png": 3, "cat/new/z.PNG": 4}
    for name, seed in places.items():
        write(tmp_path / name, colours(seed=seed))
    (tmp_path / "dog" / "notes.txt").write_text("no image")
    (tmp_path / "dog" / ".hidden.png").write_text("")
    (tmp_path / "list.txt").write_text("")
    found, skipped = read(tmp_path)
    ordered = [("cat", 4), ("cat", 3), ("dog", 2), ("dog", 1)]
    assert found == [LabelledImage(Array.of(colours(seed=seed)), (label,)) for label, seed in ordered]
    assert sorted(skipped.values()) == [1, 1, 1]


@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl"])
def test_a_table_names_images_beside_it(ending: str, tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.png", colours(seed=1))
    write(tmp_path / "b.png", colours(seed=2))
    rows = [("in/a.png", "cat"), ("b.png", "dog"), ("", "dog"), ("b.png", "")]
    table = tmp_path / f"all.{ending}"
    if ending == "jsonl":
        table.write_text("".join(json.dumps({"path": path, "label": label}) + "\n" for path, label in rows))
    else:
        mark = {"tsv": "\t", "csv": ","}[ending]
        table.write_text(f"label{mark}path\n" + "".join(f"{label}{mark}{path}\n" for path, label in rows))
    expected = [LabelledImage(Array.of(colours(seed=1)), ("cat",)), LabelledImage(Array.of(colours(seed=2)), ("dog",))]
    assert read(table) == (expected, {"empty": 1, "without a label": 1})


def test_a_table_may_give_several_labels_and_call_its_columns_otherwise(tmp_path: Path) -> None:
    write(tmp_path / "a.png", colours())
    (tmp_path / "all.jsonl").write_text(json.dumps({"where": "a.png", "what": ["cat", "pet"]}))
    found, _ = read(tmp_path / "all.jsonl", field="where", target="what")
    assert [image.labels for image in found] == [("cat", "pet")]


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int64", "bool"])
@pytest.mark.parametrize("channels", [0, 2])
def test_an_archive_holds_arrays(dtype: str, channels: int, tmp_path: Path) -> None:
    images = np.stack([colours(channels=channels, seed=seed) for seed in range(3)]).astype(dtype)
    path = archive(tmp_path / "a.npz", images=images, labels=np.array([3, 1, 3]))
    found, _ = read(path)
    assert [image.labels for image in found] == [("3",), ("1",), ("3",)]
    for image, expected in zip(found, images, strict=True):
        assert image.pixels.values().dtype == dtype
        assert np.array_equal(image.pixels.values(), expected if channels else expected[:, :, None])
    named = archive(tmp_path / "b.npz", seen=images, said=np.array(["x", "", "z"]))
    found, skipped = read(named, field="seen", target="said")
    assert ([image.labels for image in found], skipped) == ([("x",), ("z",)], {"without a label": 1})


@pytest.mark.parametrize("other", [colours(4, 8), colours(5, 6), colours(channels=0)], ids=["width", "height", "grey"])
def test_images_of_one_set_are_alike(other: np.ndarray, tmp_path: Path) -> None:
    write(tmp_path / "cat" / "a.png", colours())
    write(tmp_path / "cat" / "b.png", colours())
    write(tmp_path / "dog" / "c.png", other)
    (tmp_path / "all.tsv").write_text("path\tlabel\ncat/a.png\tcat\ndog/c.png\tdog\n")
    told = refusal(tmp_path)
    assert refusal(tmp_path / "all.tsv") == told
    first, second = (r"\d+ × \d+ pixels (in grey|of 3 channels)",) * 2
    assert re.search(rf"cat/a\.png is {first}, \S*dog/c\.png {second}: crop, scale or convert one of them", told)


def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path) -> None:
    write(tmp_path / "cat" / "a.png", colours())
    (tmp_path / "cat" / "b.png").write_text("no image")
    assert re.search(r"cat/b\.png is none of PNG", refusal(tmp_path))
    (tmp_path / "all.tsv").write_text("path\tlabel\ncat/a.png\tcat\nnowhere.png\tdog\n")
    assert re.search(r"all\.tsv, line 3: cannot read \S*nowhere\.png: No such file", refusal(tmp_path / "all.tsv"))
    (tmp_path / "two.tsv").write_text("id\tcolour\tlabel\n")
    assert "but this line is: id, colour, label (choose with data.field=… data.target=…)" in refusal(
        tmp_path / "two.tsv"
    )
    write(tmp_path / "a.png", colours())
    assert "a.png: images come by a table (.tsv, .csv, .jsonl, .ndjson, .json, .parquet)" in refusal(tmp_path / "a.png")
    assert "cannot read" in refusal(tmp_path / "nowhere.csv")
    (tmp_path / "empty").mkdir()
    assert "empty has no subfolders" in refusal(tmp_path / "empty")


IMAGES = np.zeros((3, 4, 6), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"image": IMAGES, "labels": [1, 2, 3]}, "no array 'images'; did you mean 'image'?"),
        ({"images": IMAGES}, "no array 'labels'; known: images"),
        ({"images": IMAGES, "labels": [1, 2]}, "'labels': the shape is (2,), and 'images' holds 3 images"),
        ({"images": IMAGES, "labels": np.zeros((3, 2))}, "'labels': the shape is (3, 2), and 'images' holds 3"),
        ({"images": IMAGES[0], "labels": [1]}, "'images': uint8 of the shape (4, 6), where numbers are expected"),
        ({"images": IMAGES[:, :0], "labels": [1, 2, 3]}, "'images': uint8 of the shape (3, 0, 6)"),
        ({"images": IMAGES.astype(str), "labels": [1, 2, 3]}, "'images': <U3 of the shape (3, 4, 6)"),
        ({"images": IMAGES / np.float32(0.0), "labels": [1, 2, 3]}, "'images': some numbers are not finite"),
        ({"images": np.array([IMAGES, None], object), "labels": [1, 2]}, "is not an archive of plain arrays"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_an_archive_of_something_else_is_told(arrays: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert said in refusal(archive(tmp_path / "a.npz", **arrays))


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.npz", images=IMAGES, labels=[1, 2, 3]).read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2], whole.replace(b"NUMPY", b"NUMB\0")):
        (tmp_path / "b.npz").write_bytes(content)
        assert re.search(
            r"b\.npz is not an archive of plain arrays, or is damaged: write it with numpy\.savez",
            refusal(tmp_path / "b.npz"),
        )
    assert "cannot read" in refusal(tmp_path / "nowhere.npz")


def test_an_archive_that_expands_to_far_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, images=np.zeros((1 << 14, 128, 129), np.uint8), labels=np.zeros(1 << 14, np.uint8))
    with pytest.raises(UserError, match=r"a\.npz: images\.npy expands to 271 MB: write it by numpy\.savez"):
        read(path)
