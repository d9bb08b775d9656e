"""`cutaway train` needs no preset and no task where the data says what it is for."""

import json
from pathlib import Path

import pytest

from cli.command import printed, refused, run
from cli.tasks import FEW, SMALL
from cutaway.config.reading import load_run
from cutaway.pipeline import load

pytestmark = pytest.mark.usefixtures("learnt")

SEEN = "labels.tsv: 2 columns without names; 2 labels -> sequence-classification with bert-nano"


def test_data_alone_makes_a_run() -> None:
    outcome = run("train", "--data", "labels.tsv", *SMALL, FEW)
    assert outcome.status == 0, outcome.err
    assert outcome.out == ""
    assert outcome.err.splitlines()[0] == SEEN
    assert load_run(Path("runs/bert-nano/run.yaml")).task.kind == "sequence_classification"
    assert load("runs/bert-nano").classify("a good cat").label in ("good", "bad")


def test_fields_are_found_and_a_user_s_choices_come_last() -> None:
    Path("reviews.csv").write_text("review,sentiment\n" + Path("labels.tsv").read_text().replace("\t", ","))
    words = ("--task", "sequence-classification", "--data", "reviews.csv", *SMALL, FEW, "model.head.pooling=max")
    outcome = run("train", *words, "--out", "run")
    assert outcome.status == 0, outcome.err
    assert outcome.err.startswith("reviews.csv: columns review, sentiment; 2 labels -> ")
    assert len(printed("classify", "run", "--file", "reviews.csv").splitlines()) == len(
        Path("labels.tsv").read_text().splitlines()
    )
    Path("other.csv").write_text("text,review\nbad,a good cat\n")
    assert printed("classify", "run", "--file", "other.csv").endswith("\ta good cat\n")
    config = load_run(Path("run/run.yaml"))
    assert (config.data.field, config.data.target, config.model.head.pooling) == ("review", "sentiment", "max")
    assert run("train", "bert-nano", *words, "--out", "again").status == 0


def test_a_preset_for_something_else_follows_the_data_or_is_refused() -> None:
    rows = [{"review": f"a {word} cat {i}", "sentiment": word} for i in range(9) for word in ("good", "bad")]
    Path("reviews.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    outcome = run("train", "bert-nano", "--data", "reviews.jsonl", *SMALL, FEW, "--out", "reviews")
    assert outcome.status == 0, outcome.err
    assert outcome.err.startswith("reviews.jsonl: columns review, sentiment; 2 labels -> sequence-classification with")
    assert load("reviews").config.task.kind == "sequence_classification"
    said = refused("train", "t5-nano", "--data", "questions.json", "--out", "out")
    assert said.startswith(
        "t5-nano is for sequence-to-sequence, but the data is not: questions.json: questions with answers in contexts "
        "-> question-answering with bert-nano; leave out t5-nano, or choose the task with --task"
    )
    assert not Path("out").exists()


def test_what_is_unclear_is_one_line() -> None:
    Path("odd.csv").write_text("one,two,three\n1,2,3\n")
    said = refused("train", "--data", "odd.csv")
    assert said.startswith("odd.csv: columns one, two, three: what this is for is unclear; choose the fields with ")
    assert refused("train").startswith("name one preset or run file")
