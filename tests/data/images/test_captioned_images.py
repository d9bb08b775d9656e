"""Captioned images from tables and archives: all of them, or a line that says why not; who is left out is counted."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cutaway.config.data import DataConfig
from cutaway.data.collect import collect_examples, read_examples
from cutaway.data.example_store import open_examples
from cutaway.data.examples import CaptionedImage
from cutaway.data.images.captioned_images import read_captions
from cutaway.errors import UserError
from support import require_module

PIXELS = np.random.default_rng(1).integers(256, size=(5, 4, 6, 3), dtype=np.uint8)
CAPTIONS = ["a red cat", "two dogs", "a cat, left of a dog", "nothing at all", "größer"]


def write_images(folder: Path) -> list[str]:
    image = require_module("PIL.Image")
    (folder / "images").mkdir()
    names = [f"images/{number}.png" for number in range(len(PIXELS))]
    for name, pixels in zip(names, PIXELS, strict=True):
        image.fromarray(pixels).save(folder / name)
    return names


def read(path: Path, **choices: str) -> tuple[list[CaptionedImage], Counter[str]]:
    skipped: Counter[str] = Counter()
    return list(read_captions(path, DataConfig(**choices), skipped)), skipped


def assert_all(examples: list[CaptionedImage]) -> None:
    assert [example.caption for example in examples] == CAPTIONS
    assert np.array_equal(np.stack([example.pixels.values() for example in examples]), PIXELS)


@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl"])
def test_a_table_or_its_folder_names_images(ending: str, tmp_path: Path) -> None:
    rows = list(zip(write_images(tmp_path), CAPTIONS, strict=True))
    mark = {"tsv": "{}\t{}\n", "csv": '"{}","{}"\n'}.get(ending)
    made = [{"path": path, "caption": caption} for path, caption in rows]
    lines = [json.dumps(row) + "\n" for row in made] if mark is None else [mark.format(*row) for row in rows]
    header = "" if mark is None else mark.format("path", "caption")
    (tmp_path / f"captions.{ending}").write_text(header + "".join(lines), encoding="utf-8")
    for path in (tmp_path / f"captions.{ending}", tmp_path):
        examples, skipped = read(path)
        assert_all(examples)
        assert not skipped


def test_columns_may_be_chosen_and_what_lacks_a_side_is_counted(tmp_path: Path) -> None:
    names = write_images(tmp_path)
    rows = [{"image": name, "says": f" {caption} "} for name, caption in zip(names, CAPTIONS, strict=True)]
    rows += [{"image": names[0], "says": " "}, {"image": names[1], "says": None}, {"image": "", "says": "lost"}]
    (tmp_path / "table.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    examples, skipped = read(tmp_path / "table.jsonl", field="image", target="says")
    assert_all(examples)
    assert skipped == {"without a caption": 2, "empty": 1}


def test_an_archive_holds_images_and_captions(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=PIXELS, captions=CAPTIONS)
    assert_all(read(tmp_path / "a.npz")[0])
    np.savez(tmp_path / "grey.npz", shots=PIXELS[..., 0], words=[*CAPTIONS[:4], ""])
    examples, skipped = read(tmp_path / "grey.npz", field="shots", target="words")
    assert [example.pixels.shape for example in examples] == [(4, 6, 1)] * 4
    assert skipped == {"without a caption": 1}


def test_what_is_collected_is_what_was_read_and_several_captions_of_an_image_stay_together(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, images=PIXELS.repeat(3, axis=0), captions=[f"{caption} {i}" for caption in CAPTIONS for i in "012"])
    data = DataConfig(path=str(path), validation=0.4)
    collected = collect_examples(CaptionedImage, read_captions, data, tmp_path / "run", seed=2)
    assert open_examples(tmp_path / "run", CaptionedImage) == collected
    shown = [{example.pixels for example in part} for part in (collected.training, collected.validation)]
    assert not shown[0] & shown[1]
    assert sorted(map(len, shown)) == [2, 3]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty/note.txt", "x", "holds none of captions.tsv, captions.csv, captions.jsonl, "),
        (
            "text.txt",
            "x",
            ".jsonl, .ndjson, .json, .parquet) that names them, or as arrays (.npz)",
        ),
        ("table.tsv", "path\tlabels\n", "holds no examples"),
        (
            "table.tsv",
            "id\tsaid\tcaption\n1\tx\tx\n",
            "line 1: 3 columns: two are expected, or a header that names a path and its caption",
        ),
        ("table.tsv", "path\tcaption\nlost.png\tx\n", "table.tsv, line 2: cannot read"),
        ("table.jsonl", '{"path": "0.png", "caption": 7}\n', "text was expected, not int"),
    ],
)
def test_what_cannot_be_read_is_told(name: str, content: str, said: str, tmp_path: Path) -> None:
    require_module("PIL.Image").fromarray(PIXELS[0]).save(tmp_path / "0.png")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    path = tmp_path / name if "/" not in name else (tmp_path / name).parent
    with pytest.raises(UserError) as caught:
        read_examples(read_captions, str(path), DataConfig(), Counter())
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_with_two_tables_is_told_to_be_clearer(tmp_path: Path) -> None:
    for ending in ("tsv", "csv"):
        (tmp_path / f"captions.{ending}").touch()
    with pytest.raises(UserError, match="holds 2 of"):
        read(tmp_path)


def test_archives_and_images_that_do_not_fit_are_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "labels.npz", images=PIXELS, labels=CAPTIONS)
    with pytest.raises(UserError, match="no array 'captions'"):
        read(tmp_path / "labels.npz")
    np.savez(tmp_path / "few.npz", images=PIXELS, captions=CAPTIONS[1:])
    with pytest.raises(UserError, match=r"'captions': the shape is \(4,\), and 'images' holds 5 images"):
        read(tmp_path / "few.npz")
    names = write_images(tmp_path)
    require_module("PIL.Image").fromarray(PIXELS[0][:2]).save(tmp_path / names[3])
    (tmp_path / "captions.tsv").write_text("path\tcaption\n" + "".join(f"{name}\tx\n" for name in names))
    with pytest.raises(UserError, match=r"4 × 6 pixels of 3 channels, .* 2 × 6 pixels of 3 channels"):
        read(tmp_path)
