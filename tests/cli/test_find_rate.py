"""`cutaway train --find-lr` prints a learning rate and leaves no trace."""

import json
import re
from pathlib import Path

import pytest

from cli.command import TINY, contents, printed, refused
from cutaway.cli.find_rate import advice
from cutaway.config.reading import override
from cutaway.config.run import RunConfig
from cutaway.training.rate_range import RateRange

TRAIN = ("train", "gpt-nano", "--data", "text.txt", *TINY)


@pytest.mark.parametrize(
    "words",
    [(*TRAIN, "--out", "run"), ("train", "--from", "run", "--data", "text.txt", "train.batch_size=2")],
    ids=["a preset, into a folder that holds a run", "a model"],
)
def test_it_finds_a_rate_and_touches_nothing(words: tuple[str, ...], here: Path) -> None:
    before = contents(here)
    found = json.loads(printed(*words, "--find-lr", "--json"))
    assert contents(here) == before
    assert len(found["rates"]) == len(found["losses"]) <= 100
    assert found["suggested"] * 10 in [pytest.approx(rate) for rate in found["rates"][11:]]
    assert not Path("runs").exists()


@pytest.mark.usefixtures("here")
def test_it_shows_what_it_found() -> None:
    lines = printed(*TRAIN, "--find-lr").splitlines()
    assert lines[0].split() == ["rate", "loss"]
    rows = [re.match(r"(\S+) +(\d\.\d{4})  █+", line) for line in lines[1:-2]]
    assert all(rows)
    assert 10 < len(rows) <= 22
    assert sum(line.endswith("  least") for line in lines) == 1
    assert "the rate with the lowest loss: train.optimizer.learning_rate=" in lines[-1]


@pytest.mark.usefixtures("here")
def test_a_run_that_has_begun_has_its_rate() -> None:
    assert refused("train", "--resume", "run", "--find-lr").startswith("--find-lr is for new runs")


def test_both_rates_of_muon_rise_together() -> None:
    config = override(RunConfig(), ["train.optimizer=muon", "train.optimizer.adamw.learning_rate=0.004"])
    found = RateRange([0.1] * 11 + [0.4, 0.8], [2.0] * 11 + [1.0, 3.0], diverged=True)
    assert advice(found, config) == (
        "the loss diverged; a tenth of the rate with the lowest loss: train.optimizer.learning_rate=4.0e-02 "
        "train.optimizer.adamw.learning_rate=8.0e-03"
    )
    assert advice(RateRange([0.1], [2.0], diverged=False), config).startswith("the loss never diverged, and never fell")
