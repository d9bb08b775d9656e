"""Captions from the command line: images are learnt from, described, drawn anew and measured."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from cli.command import Outcome, printed, refused, run, train_once
from cli.tasks import FEW, SMALL
from support import require_module
from zoo import Zoo

CHOICES = ("caption-nano", *SMALL, FEW, "train.evaluate_every=1")
COLOURS = {"red": (200, 20, 20), "blue": (20, 20, 200), "green": (20, 200, 20)}
SIDES = ("left", "right")
COUNT = 12
CAPTION = "caption captions"


def draw(number: int) -> np.ndarray:
    """A stripe of some colour on one side."""
    pixels = np.full((8, 12, 3), number, np.uint8)
    start = 0 if number % 2 == 0 else 8
    pixels[:, start : start + 4] = list(COLOURS.values())[number % 3]
    return pixels


def told(number: int) -> str:
    return f"{list(COLOURS)[number % 3]} on the {SIDES[number % 2]}"


def write(folder: Path) -> None:
    image = require_module("PIL.Image")
    for number in range(COUNT):
        image.fromarray(draw(number)).save(folder / f"{number}.png")
    image.fromarray(draw(0)).save(folder / "image.png")
    image.fromarray(draw(0)[:, :, 0]).save(folder / "grey.png")
    image.fromarray(draw(0)[:7]).save(folder / "odd.png")
    rows = [*((f"{number}.png", told(number)) for number in range(COUNT)), ("0.png", "")]
    (folder / "captions.tsv").write_text("path\tcaption\n" + "".join(f"{path}\t{said}\n" for path, said in rows))
    (folder / "missing.tsv").write_text("path\tcaption\nlost.png\tred\n")
    (folder / "odd.tsv").write_text("path\tcaption\n" + "odd.png\tred\n" * 2)
    np.savez(folder / "all.npz", images=[draw(i) for i in range(COUNT)], captions=[told(i) for i in range(COUNT)])


@pytest.fixture(autouse=True)
def outcome(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """What training told; the current folder holds the run and the files."""
    folder, told = train_once(zoo, "captions", write, {"captions": (*CHOICES, "--data", ".")})
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return told["captions"]


def test_what_is_told_of_the_data_and_how_to_go_on(outcome: Outcome) -> None:
    lines = outcome.err.splitlines()
    assert ", 11 examples, 1 to validate with, 1 without a caption;" in lines[0]
    assert lines[-1] == "use it: cutaway caption captions image.png"


def test_a_run_goes_on_without_its_images() -> None:
    for path in Path().glob("*.*"):
        path.unlink()
    assert "11 examples, 1 to validate with" in run("train", "--resume", "captions", "train.steps=3").err


def test_every_image_gets_its_captions() -> None:
    names = ["3.png", "image.png", "0.png"]
    found = json.loads(printed(*CAPTION.split(), *names, "--n-best", "3", "--json"))
    assert [one["image"] for one in found] == names
    assert found[1]["written"] == found[2]["written"], "the same pixels"
    assert found[0]["written"] != found[1]["written"]
    scores = [written["score"] for written in found[0]["written"]]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    best = "".join(f"{one['written'][0]['text']}\n" for one in found)
    assert printed(*CAPTION.split(), *names) == best
    Path("names.txt").write_text("\n".join(names))
    assert printed(*CAPTION.split(), "--file", "names.txt") == best
    assert json.loads(printed(*CAPTION.split(), "0.png", "--num-beams", "1", "--json"))[0]["written"]


def test_captions_are_drawn_again_from_the_same_seed() -> None:
    words = (*CAPTION.split(), "0.png", "1.png", "--sample")
    drawn = [printed(*words, *seed) for seed in ((), ("--seed", "0"), ("--seed", "1"), ("--temperature", "0.5"))]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3


def test_it_is_measured_on_what_was_held_out_and_on_other_data() -> None:
    own = json.loads(printed("evaluate", "captions", "--num-beams", "2", "--json"))
    assert list(own["figures"]) == ["exact_match", "bleu", "rouge_l", "examples"]
    assert own["figures"]["examples"] == 1
    table = json.loads(printed("evaluate", "captions", "--data", "captions.tsv", "--json"))
    assert table["figures"].pop("skipped (without a caption)") == 1
    assert json.loads(printed("evaluate", "captions", "--data", "all.npz", "--json")) == table


def test_another_model_learns_captions_if_it_is_told_to() -> None:
    words = ("transformer-tiny", "--task", "image-captioning", *SMALL, "--data", "all.npz", "--out", "new")
    choices = ("tokenizer=char", "model.position=learned", "model.source_embedding={kind: patches, patch: 4}")
    printed("train", *words, *choices, "train.batch_tokens=200")
    assert re.fullmatch(r".*\n", printed("caption", "new", "0.png"))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("train CHOICES", "python-docs is a text: give a file of them with --data"),
        ("train CHOICES --data nowhere.npz", "cannot read nowhere.npz: No such file or directory"),
        ("train CHOICES --data missing.tsv", "missing.tsv, line 2: cannot read lost.png: No such file or directory"),
        ("train CHOICES --data odd.tsv data.validation=0", "7 × 12 pixels, no multiples of a patch of 4"),
        ("train CHOICES --data all.npz model.context=3", "no example is left to train on, 11 longer than 3 tokens"),
        ("train CHOICES --data all.npz source_tokenizer=word", "source_tokenizer has no effect in the task image_capt"),
        ("train CHOICES --data all.npz model.source_embedding=tokens", "needs a model that reads patches"),
        ("train CHOICES --data all.npz model.position=sinusoidal", "patches are in a grid: write model.position=lea"),
        ("train gpt-nano --task image-captioning --data all.npz", "write model.architecture=encoder_decoder"),
        (CAPTION, "no input is given"),
        (f"{CAPTION} nowhere.png", "cannot read nowhere.png: No such file or directory"),
        (f"{CAPTION} all.npz", "all.npz is none of PNG, JPEG"),
        (f"{CAPTION} grey.png", "has 1 channels, and the model reads images of 3"),
        (f"{CAPTION} odd.png", "odd.png has 7 × 12 pixels, no multiples of a patch of 4"),
        (f"{CAPTION} 0.png --num-beams 0", "num_beams must be 1 or more"),
        (f"{CAPTION} 0.png --seed 3", "--temperature and --seed are for sampling"),
        (f"{CAPTION} 0.png --sample --n-best 2", "--n-best is for beam search"),
        ("translate captions x", "this model cannot translate: it was trained for image_captioning, and can caption"),
        ("evaluate captions --data missing.tsv", "missing.tsv, line 2: cannot read lost.png"),
        ("evaluate captions --tokenize 13", "BLEU has no tokenizer '13'; did you mean '13a'?"),
    ],
)
def test_mistakes_are_one_line(words: str, line: str) -> None:
    given = words.split()
    if given[0] == "train":
        given = [*given, "--out", "new"]
    if "CHOICES" in given:
        given[1:2] = CHOICES
    assert line in refused(*given)
    assert not Path("new/run.yaml").exists()
