"""`cutaway check`: a table, JSON, and an exit status that tells whether a model is right."""

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from cli.command import Outcome, printed, refused, run

WEIGHT = "decoder.0.feedforward.down.weight"


def damage(folder: Path, value: float) -> None:
    """Fills a matrix of a run with one number, which is then accepted as a deliberate edit."""
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, WEIGHT: torch.full_like(weights[WEIGHT], value)}, folder / "model.safetensors")
    printed("verify", folder, "--accept")


def test_a_table_tells_what_holds_and_what_is_not_for_this_model(here: Path) -> None:
    told = printed("check", "run")
    lines = told.splitlines()
    assert lines[0].split() == ["property", "measured", "bound", "what", "a", "failure", "means"]
    assert max(map(len, lines)) <= 80
    row = next(line for line in lines if line.startswith("cached = uncached"))
    assert re.search(r" \d\S*  0\.0001  pass  ", row)
    reason = "not for this model: same as transformers, ids as transformers (no transformers folder)"
    assert reason in " ".join(told.split())
    assert lines[-1] == "17 hold, 0 fail, 4 are not for this model"


def test_json_tells_the_same(here: Path) -> None:
    told = json.loads(printed("check", "run", "--json"))["properties"]
    by_name = {one["property"]: one for one in told}
    cached = by_name["cached = uncached"]
    assert cached["verdict"] == "pass"
    assert 0 <= cached["measured"] <= cached["bound"] == 1e-4
    assert by_name["same as transformers"] == {
        "property": "same as transformers",
        "verdict": "not for this model",
        "failure_means": "it is not the model that its files describe",
        "reason": "no transformers folder",
    }


def test_what_fails_is_named_and_the_exit_status_is_1(here: Path) -> None:
    damage(here / "run", 0.25)
    outcome = run("check", "run")
    assert outcome.status == 1
    assert outcome.err == ""
    told = " ".join(outcome.out.split())
    assert f"weights filled 1 0.4 FAIL part of a matrix was never initialised or loaded: {WEIGHT}" in told
    assert "1 fail" in told


def test_what_is_no_number_is_told_in_json_that_others_read(here: Path) -> None:
    damage(here / "run", torch.nan)
    outcome: Outcome = run("check", "run", "--json")
    assert outcome.status == 1
    told = json.loads(outcome.out, parse_constant=pytest.fail)["properties"]
    by_name = {one["property"]: one for one in told}
    assert by_name["cached = uncached"]["measured"] == "nan"
    assert by_name["cached = uncached"]["verdict"] == "fail"
    assert by_name["weights finite"]["measured"] == 1
    assert by_name["weights finite"]["culprit"] == WEIGHT


def test_where_there_is_no_model_that_is_said(here: Path) -> None:
    assert refused("check", "nowhere") == "there is no folder nowhere"
