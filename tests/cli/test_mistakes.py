"""A mistake gets one line that says what is wrong and how to mend it, exit status 2, and nothing is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cli.command import TINY, contents, printed, refused, run
from cutaway.config.reading import load_run

pytestmark = pytest.mark.usefixtures("here")

TRAIN = ("train", "gpt-nano", "--data", "text.txt", "--out", "new", *TINY)

TEXTS = {
    "missing": (None, "no such file or folder: bad.txt"),
    "empty": (b"", "bad.txt is empty"),
    "of one character": (b"a", "bad.txt holds one character only, 'a'"),
    "of one character, often": (b"aaaa", "bad.txt holds one character only, 'a'"),
    "binary": (bytes(range(256)) * 9, "bad.txt is not UTF-8 text (invalid byte at 128)"),
    "short": (b"abcdefabc", "a context of 8 needs 9 or more: give more text or a shorter model.context"),
}

WORDS = {
    "": "name one preset or run file, such as gpt-nano; there are: audio-nano, bert-base, bert-nano, caption-nano",
    "gpt-naon": "no preset is called 'gpt-naon'; did you mean 'gpt-nano'?",
    "gpt-nano gpt-micro": "name one preset or run file, not 2 (gpt-nano, gpt-micro)",
    "text.txt": "text.txt is neither a preset nor a run file; if it is the training text, write --data text.txt",
    "gpt-nano text.txt": "if it is the training text, write --data text.txt",
    "run": "run is a run: resume it with --resume run",
    "gpt-nano train.steps 100": "train.steps has no value: write train.steps=VALUE",
    "gpt-nano train.batch-size 100": "train.batch-size has no value: write train.batch_size=VALUE",
    "gpt-nano --save-every 100": "there is no option '--save-every'; write train.save_every=100",
    "gpt-nano --gradient_clip=2": "there is no option '--gradient-clip'; write train.gradient_clip=2",
    "gpt-nano --train.steps 100": "there is no option '--train.steps'; write train.steps=100",
    "gpt-nano --dropout 0.1": "write model.dropout=0.1 or model.attention.dropout=0.1",
    "gpt-nano --patience": "write train.patience=VALUE",
    "gpt-nano --patience train.seed=1": "write train.patience=VALUE",
    "gpt-nano --patience --json": "write train.patience=VALUE",
    "gpt-nano --steps": "option '--steps' requires an argument",
    "gpt-nano --steps many": "invalid value for '--steps': ",
    "gpt-nano --steps 5 --epochs 2": "train.steps and train.epochs both set the length of the run: give one of them",
    "gpt-nano --context 0": "model.context cannot be 0: input should be greater than 0",
    "gpt-nano --dta text.txt": "there is no option '--dta'; did you mean '--data'?",
    "gpt-nano -n 3": "there is no option '-n'; known: --task, --data, --validation, --out",
    "gpt-nano --seed x": "invalid value for '--seed'",
    "gpt-nano --resume": "option '--resume' requires an argument",
    "gpt-nano --resume run": "a resumed run keeps its preset, task and folder",
    "gpt-nano --device cude": "train.device cannot be 'cude'; did you mean 'cuda'?",
    "gpt-nano data.steps=3": "there is no 'data.steps'; did you mean 'train.steps'?",
    "gpt-nano dropout=0.1": "dropout may be model.dropout or model.attention.dropout: write the one you mean",
    "gpt-nano bias=yes": "bias may be model.attention.bias, model.attention.out_bias,",
    "gpt-nano data=text.txt": "data cannot be 'text.txt': it is a group of keys, such as data.path",
    "gpt-nano n_layer 4": "n_layer has no value: write model.layers=VALUE",
    "gpt-nano --n-layer 4": "there is no option '--n-layer'; write model.layers=4",
    "gpt-nano --output-dir new": "there is no option '--output-dir'; the folder of a run is an option: write --out DIR",
    "gpt-nano --task nor": "no task is called 'nor'; known: language_modeling",
    "gpt2": "did you mean 'gpt2-small'? To fine-tune a pretrained model, write --from gpt2",
    "gpt": "did you mean 'gpt-micro' or 'gpt-nano' or 'gpt-nano-fast' or 'gpt2-small'?",
    "meta-llama/Llama-3": "no preset is called 'meta-llama/Llama-3'; to fine-tune a pretrained model, write --from",
    "gpt-nano model.widht=16": "there is no 'model.widht'; did you mean 'model.width'?",
    "gpt-nano model.position=rotery": "model.position has no kind 'rotery'; did you mean 'rotary'?",
    "gpt-nano model.residual=pst": "model.residual cannot be 'pst'; did you mean 'post'?",
    "gpt-nano model.width=130": "width 130 is not divisible by 4 heads: change model.width or model.attention.heads",
    "gpt-nano model.attention.kv_heads=3": "3 kv_heads do not divide 4 heads: change model.attention.kv_heads",
    "gpt-nano train.steps=abc": "train.steps cannot be 'abc': input should be a valid integer",
    "gpt-nano train.steps=0": "train.steps cannot be 0: input should be greater than 0",
    "gpt-nano train.steps=-1": "train.steps cannot be -1: input should be greater than 0",
    "gpt-nano train.steps=[1": "train.steps=[1, line 1 is not YAML",
    "gpt-nano --seed -1": "train.seed cannot be -1",
    "missing.yaml": "missing.yaml cannot be read",
    "broken.yaml": "broken.yaml, line 2 is not YAML",
    "list.yaml": "list.yaml is not a run file: it has no keys",
    "binary.yaml": "binary.yaml cannot be read",
    "folder.yaml": "folder.yaml cannot be read",
    "unknown.yaml": "there is no 'model.position.bse'; did you mean 'model.position.base'?",
}

RESUMES = {
    "--resume nowhere": "there is no folder nowhere",
    "--resume text.txt": "there is no folder text.txt",
    "--resume .": ". is not a run folder: it has no run.yaml",
    "--resume run --data text.txt": "cannot be changed in a run that has started: only train.* can",
    "--resume run model.width=32": "'model.width=32' cannot be changed in a run that has started: only train.* can",
    "--resume run --task language-modeling": "a resumed run keeps its preset, task and folder",
    "--resume run --out new": "a resumed run keeps its preset, task and folder",
    "--resume run train.steps=x": "train.steps cannot be 'x'",
}

USES = {
    "generate": "missing argument",
    "generate nowhere the": "there is no folder nowhere",
    "generate text.txt the": "there is no folder text.txt",
    "generate . the": ". is not a run folder: it has no run.yaml",
    "generate run Zeus": "the tokenizer lacks 'Z', 'u' (2 characters)",
    "generate run the --max-new-tokens 0": "max_new_tokens must be 1 or more",
    "generate run the --max-new-tokens x": "invalid value for '--max-new-tokens'",
    "generate run the --num-samples 0": "--num-samples must be 1 or more, not 0",
    "generate run the --num-samples 2 --temperature 0": "--num-samples needs a --temperature above 0",
    "generate run the --temperature -1": "temperature must be 0 (greedy) or more",
    "generate run the --top-p 2": "top_p must be above 0, and 1 at most",
    "generate run the --seed -1": "seed must be 0 or more",
    "generate run the --stop=": "a stop string cannot be empty",
    "generate run the --device gup": "no device is called 'gup'; did you mean 'gpu'?",
    "generate run --prompt the": "there is no option '--prompt'; known: --max-new-tokens",
    "generate run -the": "(a text that starts with - goes after --)",
    "generate run the --max-tokens 3": "there is no option '--max-tokens'; did you mean '--max-new-tokens'?",
    "score run": "missing argument",
    "score run t": "a text needs at least two tokens",
    "score run 'the": 'the tokenizer lacks "\'"',
    "evaluate nowhere": "there is no folder nowhere",
    "evaluate run --data nowhere": "no such file or folder: nowhere",
    "evaluate run --data run/model.safetensors": "run/model.safetensors is not UTF-8 text",
    "evaluate run --data binary.yaml": "binary.yaml is text in UTF-16: convert it to UTF-8",
    "evaluate run --device tpu": "no device is called 'tpu'; did you mean 'gpu'",
    "compare run": "give at least two runs to compare",
    "compare run nowhere": "there is no folder nowhere",
    "plan": "name one preset or run file",
    "plan run": "run is a run",
    "plan gpt-nano --data nowhere": "no such file or folder: nowhere",
    "plan gpt-nano --context 0": "model.context cannot be 0",
    "plan gpt-nano --width 3": "write model.width=3",
    "presets gpt-naon": "no preset is called 'gpt-naon'; did you mean 'gpt-nano'?",
    "config train.stpes": "there is no key 'train.stpes'; did you mean 'train.steps'?",
    "config min_lr": "min_lr is a fraction of the peak here: write train.schedule.floor",
    "trian gpt-nano": "there is no command 'trian'; did you mean 'train'?",
    "help trian": "there is no command 'trian'; did you mean 'train'?",
    "xyzzy": "there is no command 'xyzzy'; cutaway --help lists all",
    "gpt-nano": "there is no command 'gpt-nano', but a preset: write cutaway train gpt-nano",
    "--data text.txt": "there is no option '--data'; known: --version",
}


@pytest.fixture(autouse=True)
def run_files(here: Path) -> None:
    (here / "broken.yaml").write_text("model: {width: 16\n")
    (here / "list.yaml").write_text("- model\n")
    (here / "binary.yaml").write_bytes(b"\xff\xfe")
    (here / "folder.yaml").mkdir()
    (here / "unknown.yaml").write_text("model:\n  position:\n    kind: rotary\n    bse: 5\n")


@pytest.mark.parametrize(("content", "line"), TEXTS.values(), ids=TEXTS)
def test_a_text_of_no_use(content: bytes | None, line: str, here: Path) -> None:
    if content is not None:
        Path("bad.txt").write_bytes(content)
    assert line in refused("train", "gpt-nano", "--data", "bad.txt", "--out", "new", *TINY)
    assert not Path("new/run.yaml").exists()
    if line != TEXTS["short"][1]:
        assert not Path("new").exists(), "another text may go into the same folder"
        assert line in refused("evaluate", "run", "--data", "bad.txt")


@pytest.mark.parametrize(("words", "line"), WORDS.items(), ids=WORDS)
def test_words_that_start_no_run(words: str, line: str, here: Path) -> None:
    before = contents(here)
    assert line in refused("train", "train.batch_size=2", *words.split())
    assert contents(here) == before
    assert not Path("runs").exists()


@pytest.mark.parametrize(("words", "line"), RESUMES.items(), ids=RESUMES)
def test_words_that_resume_no_run(words: str, line: str, here: Path) -> None:
    before = contents(here)
    assert line in refused("train", *words.split())
    assert contents(here) == before


@pytest.mark.parametrize(("words", "line"), USES.items(), ids=USES)
def test_words_that_use_no_run(words: str, line: str, here: Path) -> None:
    before = contents(here)
    assert line in refused(*words.split())
    assert contents(here) == before


@pytest.mark.parametrize(
    "words", ["train gpt-nano --data text.txt", "generate run the", "score run the", "evaluate run"]
)
def test_a_device_that_is_not_there(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "device 'cuda' is not on this machine" in refused(*words.split(), "--device", "cuda")
    assert not Path("runs").exists()


def test_a_text_that_was_too_short_may_be_learnt_with_a_shorter_context() -> None:
    Path("short.txt").write_text("abcdefabc" * 2)
    words = ("train", "gpt-nano", "--data", "short.txt", "--out", "new", *TINY)
    assert "give more text or a shorter model.context" in refused(*words, "model.context=20")
    printed(*words, "model.context=4", "data.validation=0.1", "train.steps=1", "train.evaluate_every=1")
    assert load_run(Path("new/run.yaml")).model.context == 4


def test_a_choice_that_failed_may_be_mended_in_the_same_folder() -> None:
    assert "model.vocabulary is 5" in refused(*TRAIN, "model.vocabulary=5")
    printed(*TRAIN, "model.vocabulary=50")
    assert load_run(Path("new/run.yaml")).model.vocabulary == 50


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("folder", ["new", "a/new/one"])
def test_a_failed_start_leaves_no_folder(folder: str) -> None:
    """The text is read before it is known that the vocabulary is too small for it."""
    before = contents(Path())
    refused("train", "gpt-nano", "--data", "text.txt", "--out", folder, *TINY, "model.vocabulary=5")
    assert contents(Path()) == before
    assert Path(folder).parts[0] not in {path.name for path in Path().iterdir()}


def test_a_failed_start_leaves_what_was_there() -> None:
    Path("mine").mkdir()
    Path("mine/.keep").write_text("")
    refused("train", "gpt-nano", "--data", "text.txt", "--out", "mine", *TINY, "model.vocabulary=5")
    assert [path.name for path in Path("mine").iterdir()] == [".keep"]


def test_a_folder_that_was_begun_with_another_text_says_how_to_go_on() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cutaway.runs.run.build", _interrupted)
        assert run(*TRAIN).status == 130
    Path("other.txt").write_text("something else " * 30)
    line = refused("train", "gpt-nano", "--data", "other.txt", "--out", "new", *TINY)
    assert "choose another folder, or remove this one" in line
    printed("train", "gpt-nano", "--data", "other.txt", "--out", "newer", *TINY)


def test_a_folder_that_holds_a_run_is_left_alone(here: Path) -> None:
    before = contents(here)
    line = refused("train", "gpt-nano", "--data", "text.txt", "--out", "run", *TINY)
    assert "run holds a run already: resume it with --resume run" in line
    assert contents(here) == before


@pytest.mark.parametrize(("out", "line"), [(".", ". has other files"), ("text.txt", "text.txt is a file")])
def test_a_place_that_holds_something_else_is_left_alone(out: str, line: str, here: Path) -> None:
    before = contents(here)
    assert line in refused("train", "gpt-nano", "--data", "text.txt", "--out", out, *TINY)
    assert contents(here) == before


def test_a_folder_that_looks_empty_will_do() -> None:
    Path("new").mkdir()
    Path("new/.gitkeep").touch()
    printed(*TRAIN)


def test_ctrl_c_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cutaway.pipeline.load", interrupt)
    assert run("generate", "run", "the") == (130, "", "cutaway: interrupted\n")


def test_a_line_stays_one_whatever_it_names() -> None:
    assert refused("generate", "a\nb") == "there is no folder a b"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_who_stops_reading_is_not_complained_to(unbuffered: str) -> None:
    command, environment = [sys.executable, "-m", "cutaway", "presets"], os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1
