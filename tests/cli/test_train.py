"""`cutaway train` makes a whole run folder, takes up where it was, and says what it did."""

import io
import json
import sys
from pathlib import Path

import pytest

from cli.command import TEXT, TINY, contents, printed, run
from cutaway.config.reading import load_run
from cutaway.model.run_folder import RunFolder
from cutaway.runs.run import resume

pytestmark = pytest.mark.usefixtures("here")

TRAIN = ("train", "gpt-nano", "--data", "text.txt", *TINY)


def last_step(folder: str) -> int:
    rows = [json.loads(line) for line in RunFolder(Path(folder)).metrics.read_text().splitlines()]
    return max(row["step"] for row in rows)


def test_a_run_folder_holds_all_it_should() -> None:
    folder = RunFolder(Path("run"))
    for path in (folder.run, folder.config, folder.weights, folder.tokenizer, folder.metrics, folder.samples):
        assert path.is_file(), path
    assert json.loads(folder.config.read_text())["model_type"] == "cutaway"
    page = (folder.path / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "gpt-nano" in page


def test_it_says_what_it_does() -> None:
    out = "a [red] run " + "x" * 80  # what is no markup, and longer than a line of a screen
    outcome = run(*TRAIN, "--out", out)
    assert outcome.status == 0
    assert outcome.out == "", "what is told to a person is no output"
    lines = outcome.err.splitlines()
    assert "parameters" in lines[0]
    assert lines[0].endswith(f"everything goes to {out}")
    assert "sample at step 0" in lines[1]
    assert lines[-3].startswith("step      4  training loss")
    assert lines[-2:] == [
        f"done after 4 steps; look inside: {Path(out, 'report.html').absolute().as_uri()}",
        f"use it: cutaway generate '{out}' --temperature 0.8",
    ]


def test_a_model_that_cannot_be_exported_is_reported_before_it_is_trained() -> None:
    told = "note: no format of transformers holds this model: "
    lines = run(*TRAIN, "--out", "new", "model.position=sinusoidal").err.splitlines()
    assert lines[1].startswith(told)
    assert "cannot hold model.position=sinusoidal" in lines[1]
    assert "parameters" in lines[0]
    assert told not in run("train", "--resume", "new", "--steps", "5").err
    assert "note:" not in run(*TRAIN, "--out", "other").err


def test_json_says_where_the_run_is_and_how_well_it_did() -> None:
    result = json.loads(printed(*TRAIN, "--out", "new", "--json"))
    assert result["run"] == "new"
    assert result["steps"] == result["validation"]["step"] == 4
    assert result["validation"]["loss"] > 0
    assert Path(result["report"]).is_file()


def test_a_run_that_names_no_folder_gets_a_new_one() -> None:
    for folder in ("runs/gpt-nano", "runs/gpt-nano-2"):
        assert json.loads(printed(*TRAIN, "--json"))["run"] == folder


def test_resuming_goes_on_to_the_new_end() -> None:
    printed("train", "--resume", "run", "train.steps=6", "train.log_every=1")
    assert last_step("run") == 6
    assert load_run(Path("run/run.yaml")).train.steps == 6


def test_resuming_a_run_that_is_done_says_so_and_changes_nothing() -> None:
    before = contents(Path("run"))
    outcome = run("train", "--resume", "run")
    assert outcome.status == 0
    assert outcome.err.startswith("run is finished, 4 steps; go on with: cutaway train --resume run train.steps=8\n")
    assert contents(Path("run")) == before


def test_what_a_choice_replaces_is_said() -> None:
    choices = [choice for choice in TINY if "steps" not in choice]
    assert run("train", "gpt-nano", "--data", "text.txt", "--out", "new", *choices, "train.epochs=0.02").status == 0
    outcome = run("train", "--resume", "new", "train.steps=9")
    assert outcome.err.startswith("note: train.steps=9 replaces train.epochs=0.02\n")
    Path("small.yaml").write_text("train: {batch_size: 2, batch_tokens: 9}")
    assert "small.yaml: train.batch_size and train.batch_tokens both set" in run("train", "small.yaml").err


def test_curves_that_are_missing_are_reported() -> None:
    Path("run/metrics.jsonl").unlink()
    with pytest.warns(UserWarning, match=r"^run/metrics.jsonl is missing: its rows before step 5 are lost$"):
        resume(Path("run"), ["train.steps=6", "train.log_every=1"])


def test_words_come_in_any_order_with_dashes_or_underscores_and_the_preset_in_any_case() -> None:
    words = ["--data", "text.txt", *TINY, "train.log-every=1", "GPT-Nano", "--out", "new", "--seed", "3"]
    printed("train", *words)
    config = load_run(Path("new/run.yaml"))
    assert (config.preset, config.train.log_every, config.train.seed) == ("gpt-nano", 1, 3)


def test_a_run_file_is_as_good_as_a_preset() -> None:
    Path("run/run.yaml").write_text(Path("run/run.yaml").read_text().replace("seed: 0", "seed: 5"))
    printed("train", "run/run.yaml", "--out", "new", "train.steps=1e0", "--seed", "0")
    config = load_run(Path("new/run.yaml"))
    assert (config.train.steps, config.train.seed) == (1, 0)
    assert load_run(Path("new/run.yaml")).model == load_run(Path("run/run.yaml")).model


def test_the_text_may_come_through_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    printed("train", "gpt-nano", "--data", "-", "--out", "new", *TINY)
    assert contents(Path("new/tokens")) == contents(Path("run/tokens"))


def test_a_plan_may_count_the_characters_of_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("plan", "gpt-nano", *TINY, "--no-measure", "--data")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert printed(*words, "-") == printed(*words, "text.txt")


@pytest.mark.parametrize("name", ["12", "a: b #c.txt", "[x]", "none"])
def test_a_text_may_have_any_name(name: str) -> None:
    Path("text.txt").rename(name)
    printed("train", "gpt-nano", "--data", name, "--out", "new", *TINY)
    assert load_run(Path("new/run.yaml")).data.path == name


def test_a_text_of_a_single_line_is_trained_on_and_written_from() -> None:
    Path("line.txt").write_text(TEXT.replace("\n", " "))
    printed("train", "gpt-nano", "--data", "line.txt", "--out", "new", *TINY)
    assert len(printed("generate", "new", "--max-new-tokens", "5")) == 5 + 1


@pytest.mark.parametrize(
    "choices",
    [
        ("model.position=learned", "model.context=3", "tokenizer=byte"),  # the report's line must fit into 3 positions
        ("model.head.tied=yes", "data.validation=0", "train.sample_every=none"),
        ("tokenizer.kind=bpe", "tokenizer.vocabulary=270", "model.vocabulary=300"),
        ("train.patience=1", "train.evaluate_every=1", "train.log_every=99", "train.optimizer.learning_rate=9"),
    ],
    ids=" ".join,
)
def test_unusual_choices_go_well_to_the_report(choices: tuple[str, ...]) -> None:
    result = json.loads(printed(*TRAIN, "--out", "new", "--json", *choices))
    assert Path(result["report"]).is_file()
    assert printed("generate", "new", "the", "--max-new-tokens", "4", "--context-overflow", "slide").startswith("the")


def test_samples_leave_training_as_it_is() -> None:
    for every in ("none", "1"):
        printed(*TRAIN, "--out", f"every-{every}", "model.dropout=0.5", f"train.sample_every={every}")
    assert Path("every-1/samples.jsonl").read_text().count("\n") == 5
    assert Path("every-1/model.safetensors").read_bytes() == Path("every-none/model.safetensors").read_bytes()


def test_a_run_without_a_report_says_why_and_is_good() -> None:
    Path("run/metrics.jsonl").unlink()
    Path("run/report.html").unlink()
    outcome = run("train", "--resume", "run", "--json", "train.log_every=9")
    assert outcome.status == 0
    assert json.loads(outcome.out)["report"] is None
    assert "there is no report: the run folder run lacks metrics.jsonl" in outcome.err
