"""`cutaway train` learns every task, says what it found and did, and its last line can be typed as it stands."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from cli.command import Outcome, printed, refused, run
from cli.tasks import COUNT, FEW, KINDS, SMALL, train_words
from cutaway.config.reading import load_run
from cutaway.model.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("learnt")

HELD_OUT = COUNT // 10
PARTS = f"{COUNT - HELD_OUT} examples, {HELD_OUT} to validate with"
AMOUNTS = {
    "language-modeling": " tokens of text",
    "masked-language-modeling": " tokens of text",
    "sequence-to-sequence": f"{PARTS}, 1 empty",
    "sequence-classification": f"{PARTS}, 1 without a label",
    "token-classification": f"{PARTS}, 1 document mark",
    "question-answering": f"{PARTS}, 1 unanswerable",
    "algorithmic": "sequences to sort, of 5 symbols, without end",
}
OTHERS: dict[str, tuple[str, ...]] = {
    "a decoder that classifies": ("gpt-nano", "--task", "sequence-classification", "--data", "labels.jsonl"),
    "a decoder that tags": ("gpt-nano", "--task", "Token_Classification", "--data", "tags.conll"),
    "a decoder made an encoder": (
        *("gpt-nano", "--task", "masked-language-modeling", "--data", "text.txt", "model.architecture=encoder"),
    ),
    "an encoder that sorts": ("bert-nano", "--task", "algorithmic", "task.length=4", "task.held_out=20"),
    "T5": ("t5-nano", "--data", "pairs.tsv", "tokenizer.vocabulary=60"),
    "a tokenizer a side": ("transformer-tiny", "--data", "pairs.tsv", "source_tokenizer=word"),
    "several labels": (
        *("bert-nano", "--task", "sequence-classification", "task.problem=multi_label", "--data", "several.jsonl"),
    ),
    "numbers": ("bert-nano", "--task", "sequence-classification", "task.problem=regression", "--data", "numbers.jsonl"),
    **{
        operation: ("sorter", f"task.operation={operation}", "task.length=3", "task.symbols=10", "task.held_out=20")
        for operation in ("reverse", "copy", "add")
    },
}


def use(outcome: Outcome) -> list[str]:
    """The words of the command that training ends with."""
    command, *words = shlex.split(outcome.err.splitlines()[-1].removeprefix("use it: "))
    assert command == "cutaway"
    return words


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_to_a_person(kind: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[kind]
    assert outcome.out == ""
    lines = outcome.err.splitlines()
    assert re.fullmatch(rf"{KINDS[kind][0]}: [\d,]+ parameters, .*; everything goes to {kind}", lines[0])
    assert f"{AMOUNTS[kind]};" in lines[0]
    accuracies = [float(share) for share in re.findall(r"accuracy ([\d.]+)%", outcome.err)]
    assert accuracies
    assert all(0 <= accuracy <= 100 for accuracy in accuracies)
    assert lines[-2].startswith("done after 2 steps")
    assert use(outcome)[1] == kind
    assert printed(*use(outcome)).strip()


@pytest.mark.parametrize("words", OTHERS.values(), ids=OTHERS)
def test_other_models_and_problems_are_learnt_and_used(words: tuple[str, ...]) -> None:
    labelled = [json.loads(line) for line in Path("labels.jsonl").read_text().splitlines()]
    several = [{**row, "label": [row["label"], "cat"] if "cat" in row["text"] else []} for row in labelled]
    numbers = [{**row, "label": len(row["text"])} for row in labelled]
    for name, rows in {"several": several, "numbers": numbers}.items():
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    batch = "train.batch_tokens=200" if words[0] in ("t5-nano", "transformer-tiny") else FEW
    outcome = run("train", *SMALL, batch, *words, "--out", "new")
    assert outcome.status == 0, outcome.err
    assert printed(*use(outcome)).strip()
    if "--data" in words:  # what computes is measured alike, whatever it computes
        assert json.loads(printed("evaluate", "new", "--json"))["figures"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_goes_on_without_what_it_was_trained_on(kind: str, learnt: Path) -> None:
    for path in learnt.iterdir():
        if path.is_file():
            path.unlink()
    printed("train", "--resume", kind, "train.steps=3", "train.log_every=1")
    rows = [json.loads(line) for line in RunFolder(Path(kind)).metrics.read_text().splitlines()]
    assert max(row["step"] for row in rows) == 3


def test_examples_to_validate_with_may_be_given() -> None:
    words = ("bert-nano", "--task", "sequence_classification", "--data", "labels.jsonl", *SMALL, FEW)
    outcome = run("train", *words, "--validation", "labels.tsv", "--out", "new")
    assert f"{COUNT} examples, {COUNT} to validate with, 1 without a label;" in outcome.err
    report = json.loads(printed("evaluate", "new", "--json"))
    assert sum(part["support"] for part in report["parts"].values()) == COUNT


def test_what_is_cut_or_left_out_is_told_once() -> None:
    longer = ("model.context=6", "train.evaluate_every=1")
    outcome = run(*train_words("sequence-classification", "new"), *longer)
    assert outcome.status == 0, outcome.err
    assert f"{PARTS}, 1 without a label, {COUNT} cut to 6 tokens;" in outcome.err
    assert json.loads(printed("evaluate", "new", "--json"))["figures"]["truncated"] == HELD_OUT
    again = run("train", "--resume", "new", "train.steps=3")
    assert f"{PARTS}, 1 without a label, {COUNT} cut to 6 tokens;" in again.err


def test_json_tells_programs_the_same() -> None:
    told = json.loads(printed(*train_words("question-answering", "new"), "--json"))
    assert (told["run"], told["steps"], told["report"]) == ("new", 2, None)
    assert told["validation"]["loss"] > 0


def test_a_task_keeps_what_its_preset_chose() -> None:
    assert load_run(Path("sequence-to-sequence/run.yaml")).task.model_dump()["label_smoothing"] == 0.1
    assert load_run(Path("masked-language-modeling/run.yaml")).model.head.model_dump()["transform"] == "gelu"


def test_a_mended_file_is_read_again() -> None:
    Path("valid.tsv").write_text("a cow\tgood\na fox\tgoood\n")
    words = (*train_words("sequence-classification", "new"), "--validation", "valid.tsv")
    line = refused(*words)
    assert "the label 'goood' does not occur in the training split; did you mean 'good'?" in line
    assert not Path("new").exists()
    Path("valid.tsv").write_text("a cow\tgood\na fox\tbad\n")
    printed(*words)


def test_what_a_killed_training_left_is_taken_up() -> None:
    printed(*train_words("sequence-classification", "new"))
    shutil.copytree("new/examples", "killed/examples")
    printed(*train_words("sequence-classification", "killed"))
    assert Path("killed/model.safetensors").read_bytes() == Path("new/model.safetensors").read_bytes()


def test_runs_of_a_task_are_compared_by_its_figures() -> None:
    told = json.loads(printed("compare", "sequence-classification", "token-classification", "--json"))
    assert told["choices"]["task.kind"] == ["sequence_classification", "token_classification"]
    assert all(0 <= share <= 1 for share in told["figures"]["validation accuracy"])
    assert told["figures"]["validation exact"][0] is None
    assert "validation perplexity" not in told["figures"]
