"""Recordings on the command line: trained on, classified, measured; mistakes with them get one line."""

import json
import shutil
import struct
import wave
from pathlib import Path

import pytest

from cli.command import TINY, Outcome, contents, printed, refused, train_once
from cutaway.data.audio.compressed import ENDINGS
from cutaway.pipeline import load
from data.audio_files import RATE, tone, write_wav
from support import require_module
from zoo import Zoo

pytestmark = pytest.mark.usefixtures("here")

LABELS = ("bell", "dog")
COUNT = 10
AUDIO = ("audio-nano", *TINY, f"task.sample_rate={RATE}", "task.frame=20", "model.context=12")


def write(folder: Path) -> None:
    """Writes recordings and a table of them."""
    for i in range(COUNT):
        for label in LABELS:
            write_wav(folder / "sounds" / label / f"{i}.wav", tone(300 + 50 * i, 700 + 70 * i))
    (folder / "sounds" / "dog" / "cover.jpg").write_bytes(b"")
    rows = [f"{label}/{i}.wav\t{label}\n" for label in LABELS for i in range(COUNT)]
    (folder / "sounds" / "table.tsv").write_text("".join(["path\tlabel\n", *rows]))
    shutil.copy(folder / "sounds/dog/3.wav", folder / "recording.wav")


@pytest.fixture
def trained(zoo: Zoo) -> tuple[Path, Outcome]:
    """A folder that holds recordings, a table of them, and a run that was trained on them."""
    folder, told = train_once(zoo, "recordings", write, {"listener": (*AUDIO, "--data", "sounds")})
    return folder, told["listener"]


@pytest.fixture
def here(trained: tuple[Path, Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, of this test's own: it holds all of it."""
    shutil.copytree(trained[0], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_told_to_a_person(trained: tuple[Path, Outcome]) -> None:
    lines = trained[1].err.splitlines()
    left_out = f"1 beside the folders of labels, 1 not {' or '.join(ENDINGS)}"
    assert f"18 examples, 2 to validate with, {left_out}; everything goes to listener" in lines[0]
    assert lines[-1] == "use it: cutaway classify listener recording.wav"
    assert printed("classify", "listener", "recording.wav").endswith("%\trecording.wav\n")


def test_files_are_classified() -> None:
    words = ("sounds/bell/1.wav", "recording.wav")
    found = load("listener").classify(list(words))
    told = json.loads(printed("classify", "listener", *words, "--json"))
    assert [one["recording"] for one in told] == list(words)
    assert [one["probabilities"] for one in told] == [one.probabilities for one in found]
    Path("list.txt").write_text("".join(f"{word}\n" for word in words))
    assert printed("classify", "listener", *words) == printed("classify", "listener", "--file", "list.txt")


def test_a_model_is_measured_on_a_folder_as_on_a_table() -> None:
    require_module("sklearn")
    by_folder, by_table = (
        json.loads(printed("evaluate", "listener", "--data", path, "--json")) for path in ("sounds", "sounds/table.tsv")
    )
    assert by_folder["parts"] == by_table["parts"]
    assert [part["support"] for part in by_table["parts"].values()] == [COUNT, COUNT]


def test_another_preset_learns_to_listen() -> None:
    choices = ("task.sample_rate=8000", "model.embedding.bins=9", "--data", "sounds/table.tsv", "--out", "new")
    printed("train", "bert-nano", "--task", "audio-classification", *TINY, *choices)
    assert printed("classify", "new", "sounds/bell/0.wav").startswith(LABELS)


def test_a_plan_needs_no_data() -> None:
    plan = json.loads(printed("plan", "audio-nano", *TINY, "--json"))
    assert plan["minutes"] > 0
    assert plan["cache_bytes_per_token"] == 0


TRAININGS = {
    "--data sounds task.sample_rate=16000": "0.wav has 8,000 samples a second, and 16,000 are asked for: convert",
    "--data sounds/bell": "sounds/bell has no subfolders: put the files of each label into a folder of that name",
    "--data recording.wav": "recording.wav is a single recording: give a folder with a folder for each label",
    "--data images": "audio-nano is for audio-classification, but the data is not: images: 1 image in folders",
    "--data same": "same has one label only, 'dog': there is nothing to choose between",
    "--data broken": "broken/a/1.wav is not a WAV file of uncompressed samples (it does not begin with RIFF and WAVE)",
    "--data adpcm": "adpcm/a/1.wav is not a WAV file of uncompressed samples (unknown format: 2): convert it, such",
    "--data short": "short/a/1.wav is cut short, 100 of 700 samples are there: copy it anew, or convert it",
    "--data lost.tsv": "cannot read lost.wav: No such file or directory",
    "--data unnamed.tsv": "unnamed.tsv has one label only, 'dog': there is nothing to choose between",
    "--data python-docs": "this task learns from examples, and python-docs is a text",
    "--data sounds tokenizer=word": "tokenizer has no effect in the task audio_classification: remove it",
    "--data sounds model.embedding=tokens": "needs a model that reads frames, but this one reads tokens: write",
    "--data sounds task.hop=30": "frames of 20 ms have 160 samples and start every 240: choose a task.hop of at least",
    "--data sounds model.embedding.bins=500": "too short for 500 bins",
    "--data sounds task.hopp=10": "did you mean 'task.hop'?",
    "--data sounds task.sample_rate=0": "task.sample_rate cannot be 0",
}


def write_wrong(folder: Path) -> None:
    """Writes what no model can learn from."""
    for name in ("images/a/1.png", "broken/a/1.wav"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(b"\x89PNG" * 20)
    for number, samples in enumerate((500, 600)):
        write_wav(folder / f"same/dog/{number}.wav", tone(300, samples))
    path = write_wav(folder / "short/a/1.wav", tone(300, 700))
    path.write_bytes(path.read_bytes()[:-1200])
    described = struct.pack("<4sIHHIIHH", b"fmt ", 16, 2, 1, RATE, 4 * RATE, 4, 32)
    body = b"WAVE" + described + struct.pack("<4sI", b"data", 8) + bytes(8)
    (folder / "adpcm/a").mkdir(parents=True)
    (folder / "adpcm/a/1.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    (folder / "lost.tsv").write_text("path\tlabel\nlost.wav\tdog\n")
    (folder / "unnamed.tsv").write_text("recording.wav\tdog\n")


@pytest.mark.parametrize(("words", "line"), TRAININGS.items(), ids=TRAININGS)
def test_what_teaches_nothing(words: str, line: str, here: Path) -> None:
    write_wrong(here)
    before = contents(here)
    assert line in refused("train", *AUDIO, "--out", "new", *words.split())
    assert contents(here) == before
    assert not Path("new").exists()


def test_what_cannot_be_heard(here: Path) -> None:
    write_wrong(here)
    write_wav(here / "other.wav", tone(300, 700), 44_100)
    write_wav(here / "long.wav", tone(300, 9 * RATE))
    for path, line in {
        "other.wav": "other.wav has 44,100 samples a second, and 8,000 are asked for: convert it, such as by ffmpeg -i",
        "long.wav": "the recording lasts 9.00 seconds, but the model takes at most 0.24: shorten it",
        "nowhere.wav": "cannot read nowhere.wav: No such file or directory",
        "sounds": "cannot read sounds: Is a directory",
        "broken/a/1.wav": "is not a WAV file of uncompressed samples",
    }.items():
        assert line in refused("classify", "listener", path)
    line = "this model cannot embed: it was trained for audio_classification, and can classify"
    assert refused("embed", "listener", "recording.wav") == line


def test_channels_are_averaged_and_bits_make_no_difference(here: Path) -> None:
    with wave.open("recording.wav") as file:
        samples = file.readframes(file.getnframes())
    pairs = b"".join(2 * samples[i : i + 2] for i in range(0, len(samples), 2))
    wider = b"".join(2 * b"\0" + samples[i : i + 2] for i in range(0, len(samples), 2))
    for name, channels, width, data in (("stereo.wav", 2, 2, pairs), ("wide.wav", 1, 4, wider)):
        with wave.open(name, "wb") as file:
            file.setparams((channels, width, RATE, 0, "NONE", ""))
            file.writeframes(data)
        same = printed("classify", "listener", "recording.wav").replace("recording.wav", name)
        assert printed("classify", "listener", name) == same
