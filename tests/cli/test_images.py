"""Images from the command line: learnt from a folder, a table or an archive, told apart, measured; and mistakes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from cli.command import Outcome, contents, printed, refused, train_once
from cli.tasks import alike
from cutaway.config.reading import load_run
from cutaway.pipeline import load
from data.image_files import colours, write
from support import require_module
from zoo import Zoo

LABELS, EACH = ("cat", "dog", "owl"), 8
HELD_OUT = 3
TINY = (
    *("model.embedding.patch=2", "model.width=12", "model.layers=1", "model.attention.heads=2", "task.shift=1"),
    *("train.steps=2", "train.batch_size=4", "train.save_every=1", "train.device=cpu", "train.precision=fp32"),
    "data.validation=0.125",
)
TRAIN = ("train", "vit-nano", *TINY)


def write_all(folder: Path) -> None:
    """Writes a folder of labelled images, and the same ones as an archive and a table."""
    images, labels, rows = [], [], ["path\tlabel"]
    for number in range(EACH * len(LABELS)):
        label = LABELS[number % len(LABELS)]
        images.append(colours(6, 8, seed=number))
        labels.append(label)
        rows.append(f"all/{label}/{number:02}.png\t{label}")
        write(folder / "all" / label / f"{number:02}.png", images[-1])
    (folder / "all" / "cat" / "notes.txt").write_text("")
    (folder / "all.tsv").write_text("\n".join(rows) + "\n")
    np.savez(folder / "all.npz", images=images, labels=labels)
    shutil.copy(folder / "all" / "cat" / "00.png", folder / "image.png")


@pytest.fixture(autouse=True)
def outcomes(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Outcome]:
    """What training on each of them told; the current folder holds the runs and the images."""
    sources = ("all", "all.tsv", "all.npz")
    runs = {f"run of {name}": (*TRAIN[1:], "--data", name) for name in sources}
    folder, told = train_once(zoo, "images", write_all, runs)
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return told


@pytest.mark.parametrize("name", ["all", "all.tsv", "all.npz"])
def test_a_run_says_what_it_read_and_its_last_line_can_be_typed(name: str, outcomes: dict[str, Outcome]) -> None:
    lines = outcomes[f"run of {name}"].err.splitlines()
    left_out = ", 1 not " if name == "all" else ";"
    assert f"{EACH * len(LABELS) - HELD_OUT} examples, {HELD_OUT} to validate with{left_out}" in lines[0]
    assert lines[-1] == f"use it: cutaway classify 'run of {name}' image.png"
    assert printed("classify", f"run of {name}", "image.png").endswith("%\timage.png\n")


def test_what_the_data_tells_is_in_the_run_and_however_it_is_given_it_teaches_the_same() -> None:
    config = load_run(Path("run of all/run.yaml"))
    embedding = config.model.embedding.model_dump()
    assert [embedding[key] for key in ("height", "width", "channels")] == [6, 8, 3]
    assert config.task.labels == LABELS
    assert config.task.values == "bytes"
    assert config.task.mean is not None
    assert all(100 < mean < 160 for mean in config.task.mean)
    assert not Path("run of all/tokenizer.json").exists()


def test_images_are_told_apart_as_in_python() -> None:
    paths = ["image.png", "all/dog/01.png", "all/owl/02.png"]
    told = json.loads(printed("classify", "run of all", *paths, "--json"))
    assert [one.pop("image") for one in told] == paths
    pipeline = load("run of all")
    found = pipeline.classify(paths)
    assert told == [vars(one) for one in found]
    assert found == pipeline.classify([colours(6, 8, seed=seed) for seed in range(3)])
    assert alike(told[1], vars(pipeline.classify(Path(paths[1]))))
    assert set(told[0]["probabilities"]) == set(LABELS)
    Path("list.txt").write_text("\n".join(paths))
    assert printed("classify", "run of all", "--file", "list.txt").count("\n") == 3


def test_images_of_another_size_are_read_beside_the_others() -> None:
    write(Path("large.png"), colours(10, 4))
    told = json.loads(printed("classify", "run of all", "large.png", "image.png", "--json"))
    assert [one["image"] for one in told] == ["large.png", "image.png"]
    for one in told:
        assert alike(json.loads(printed("classify", "run of all", one["image"], "--json")), [one])


def test_it_is_measured_on_what_was_held_out_and_on_others() -> None:
    require_module("sklearn")
    own = json.loads(printed("evaluate", "run of all.npz", "--json"))
    assert sum(part["support"] for part in own["parts"].values()) == HELD_OUT
    others = [
        json.loads(printed("evaluate", "run of all", "--data", name, "--json")) for name in ("all.tsv", "all.npz")
    ]
    assert others[0] == others[1]
    assert sum(part["support"] for part in others[0]["parts"].values()) == EACH * len(LABELS)


def test_a_run_goes_on_without_its_images_as_if_it_had_never_stopped() -> None:
    printed(*TRAIN, "train.steps=4", "--data", "all", "--out", "straight")
    shutil.rmtree("all")
    printed("train", "--resume", "run of all", "train.steps=4")
    ends = [Path(name, "checkpoints/step-4/model.safetensors") for name in ("straight", "run of all")]
    assert ends[0].read_bytes() == ends[1].read_bytes()


def test_a_plan_counts_images() -> None:
    facts = json.loads(printed("plan", "vit-b16", "--no-measure", "--json"))
    assert facts["parameters"] == 86_567_656
    assert facts["tokens_per_step"] == 4096 * (14 * 14 + 1)
    measured = json.loads(printed("plan", "vit-nano", *TINY, "model.embedding.height=6", "--json"))
    assert measured["tokens_per_second"] > 0
    assert measured["tokens_per_step"] == 4 * 3 * 14


TRAININGS = {
    "--data mixed": "mixed/cat/a.png is 6 × 8 pixels of 3 channels, ",
    "--data grey --validation all": "the model reads images of 1",
    "--data all model.embedding.patch=4": (
        "an image to train on has 6 × 8 pixels, no multiples of a patch of 4: crop it, or train with a "
        "model.embedding.patch that fits (1, 2)"
    ),
    "--data all model.embedding.channels=1": "has 3 channels, and the model reads images of 1",
    "--data all --validation odd": "an image to validate with has 6 × 9 pixels, no multiples of a patch of 2",
    "--data all --validation shares.npz": "the model reads bytes from 0 to 255, as in image files, but",
    "--data all task.shift=6": "task.shift 6 moves images of 6 × 8 pixels out of sight",
    "--data all tokenizer=byte": "tokenizer has no effect in the task image_classification: remove it",
    "--data all/cat": "cat has no subfolders: put the files of each label into a folder of that name",
    "--data image.png": "image.png: images come by a table",
    "--data nowhere": "nowhere",
    "--data only": "has one label only, 'cat'",
    "--data all.npz data.target=lables": "no array 'lables'; did you mean 'labels'?",
}
USES = {
    "nowhere.png": "cannot read nowhere.png: No such file or directory",
    "told": "told is none of PNG, JPEG, BMP, GIF, WEBP, or is damaged",
    "grey/dog/a.png": "grey/dog/a.png has 1 channels, and the model reads images of 3 (grey has 1, colours 3)",
    "odd/dog/a.png": "odd/dog/a.png has 6 × 9 pixels, no multiples of a patch of 2",
    "clear.png": "clear.png has transparent parts, an alpha channel: convert it",
}


@pytest.fixture
def _bad(outcomes: dict[str, Outcome]) -> None:
    for number, label in enumerate(LABELS):
        write(Path("mixed", label, "a.png"), colours(6, 8 + 2 * number))
        write(Path("grey", label, "a.png"), colours(6, 8, 0, seed=number))
        write(Path("odd", label, "a.png"), colours(6, 9, seed=number))
    for number in range(2):
        write(Path("only", "cat", f"{number}.png"), colours(6, 8, seed=number))
    write(Path("clear.png"), colours(6, 8, 4))
    Path("told").write_text("no image")
    np.savez("shares.npz", images=np.random.default_rng(1).random((3, 6, 8, 3)), labels=LABELS)


@pytest.mark.usefixtures("_bad")
@pytest.mark.parametrize(("words", "line"), TRAININGS.items(), ids=TRAININGS)
def test_images_that_teach_nothing(words: str, line: str) -> None:
    before = contents(Path())
    assert line in refused(*TRAIN, "--out", "new", *words.split())
    assert contents(Path()) == before


@pytest.mark.usefixtures("_bad")
@pytest.mark.parametrize(("word", "line"), USES.items(), ids=USES)
def test_images_that_cannot_be_read(word: str, line: str) -> None:
    assert line in refused("classify", "run of all", "image.png", word)


def test_files_mean_nothing_to_a_model_of_other_numbers() -> None:
    images = np.random.default_rng(1).random((12, 6, 8, 3))
    np.savez("shares.npz", images=images, labels=[LABELS[i % 3] for i in range(12)])
    printed(*TRAIN, "--data", "shares.npz", "--out", "new")
    assert "the image has bytes, as in image files" in refused("classify", "new", "image.png")
    assert load("new").classify(images[0]).label in LABELS


def test_a_model_of_images_has_no_other_verb() -> None:
    line = "this model cannot fill: it was trained for image_classification, and can classify"
    assert refused("fill", "run of all", "image.png") == line
