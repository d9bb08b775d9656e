"""Runs and checkpoints of an earlier version open, resume, and give the numbers that they gave then."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cutaway.hub.families import FAMILIES
from cutaway.hub.importing import import_folder
from cutaway.model.run_folder import read_weights
from cutaway.pipeline import load
from cutaway.runs.run import resume
from cutaway.training.callbacks import Metrics, read_rows
from support import ROOT
from training.setups import same, weights

pytestmark = pytest.mark.filterwarnings("ignore::cutaway.errors.RenamedWarning")
FROZEN = ROOT / "tests/frozen"
RUNS = sorted(path.name for path in (FROZEN / "runs").iterdir())
RENAMED = {"ahead_accuracy": "multi_token_accuracy"}
LATER = {
    "electra",
    "gemma2",
    "gemma3_text",
    "gpt_neox",
    "ijepa",
    "m2m_100",
    "mbart",
    "mixtral",
    "modernbert",
    "mt5",
    "olmo2",
    "olmo3",
    "opt",
    "phi3",
    "smollm3",
}
"""Families that were added after that version."""
CHECKPOINTS = sorted(path.name for path in (FROZEN / "families").iterdir())


@pytest.mark.parametrize("name", RUNS)
def test_a_run_goes_on_as_it_would_have(name: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FROZEN / "runs" / name, tmp_path / name))
    expected = read_rows(folder / "expected.jsonl")
    before = weights(load(folder, device="cpu").model)
    run = resume(folder)
    assert run.train([Metrics(run.folder.metrics)]).step == 4
    found = {(row["kind"], row["step"]): row for row in read_rows(run.folder.metrics)}
    for row in expected:
        again = found[row.pop("kind"), row["step"]]
        row = {RENAMED.get(name, name): value for name, value in row.items()}
        assert {name: again[name] for name in row} == pytest.approx(row, rel=1e-4, abs=1e-6)
    assert not same(weights(run.model), before)


@pytest.mark.parametrize("name", RUNS)
def test_the_weights_of_a_run_are_those_of_its_checkpoint(name: str) -> None:
    """Both files hold the same weights, so one is the judge of the other, which resuming judges by its losses."""
    folder = FROZEN / "runs" / name
    model = load(folder, device="cpu").model
    loaded = weights(model)
    read_weights(folder / "checkpoints/step-2/model.safetensors", model)
    assert same(weights(model), loaded)


@pytest.mark.parametrize("name", CHECKPOINTS)
@torch.no_grad()
def test_a_checkpoint_of_a_family_gives_the_same_logits(name: str) -> None:
    folder = FROZEN / "families" / name
    given = load_file(folder / "expected.safetensors")
    expected = given.pop("logits")
    found = import_folder(folder).model(given.pop("inputs"), **given)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_every_family_is_among_them() -> None:
    assert set(CHECKPOINTS) == set(FAMILIES) - LATER
