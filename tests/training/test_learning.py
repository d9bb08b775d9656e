"""Models learn: what is there to be learnt, to the end, and no longer than it helps."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from cutaway.model.run_folder import read_weights
from cutaway.tasks.base import TrainingData, evaluate
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.training.callbacks import Metrics
from training.setups import CONTEXT, VOCABULARY, Fixed, same, small_model, trainer, training_data, weights, windows


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_eight_examples_are_learnt_by_heart(tmp_path: Path, optimizer: str) -> None:
    tokens = np.random.default_rng(0).integers(VOCABULARY, size=(8, CONTEXT + 1))
    tokens[:, 0] = range(8)  # where they begin alike, nobody could tell them apart
    content = TrainingData(LanguageModeling(), Fixed((tokens[:, :-1], tokens[:, 1:])), None)
    rate = {"adamw": 0.01, "muon": 0.03}[optimizer]
    learner = trainer(tmp_path, small_model(), content, optimizer={"kind": optimizer, "learning_rate": rate})
    losses = [learner.step(i, 1.0)[0] for i in range(150)]
    assert losses[0] > 2
    assert losses[-1] < 0.1


@pytest.mark.parametrize("position", ["rotary", pytest.param("none", marks=pytest.mark.heavy)])
def test_bf16_learns_as_fp32_does(tmp_path: Path, position: str) -> None:
    losses = {}
    for precision in ("fp32", "bf16"):
        model = small_model(position=position)
        learner = trainer(tmp_path, model, precision=precision, optimizer={"kind": "muon", "learning_rate": 0.02})
        losses[precision] = torch.tensor([learner.step(i, 1.0)[0] for i in range(40)])
        assert all(weight.dtype == torch.float32 for weight in model.parameters())
    assert not torch.equal(losses["bf16"], losses["fp32"])
    assert (losses["bf16"] - losses["fp32"]).abs().max() < 0.1
    assert losses["bf16"][-5:].mean() < losses["bf16"][0] - 0.5


def test_the_best_weights_are_kept_and_training_stops_when_it_no_longer_helps(tmp_path: Path) -> None:
    few = windows(40)[0]  # enough to be learnt by heart: the validation loss soon rises
    content = TrainingData(LanguageModeling(), Fixed(few), windows(200, seed=3))
    model, metrics = small_model(), Metrics(tmp_path / "metrics.jsonl")
    choices = {"optimizer": {"learning_rate": 0.03}, "log_every": 2, "evaluate_every": 3, "save_every": 1000}
    progress = trainer(tmp_path, model, content, [metrics], steps=500, patience=4, **choices).run()

    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    losses = {row["step"]: row["loss"] for row in rows if row["kind"] == "validation"}
    best = min(losses, key=losses.__getitem__)
    assert (progress.best_step, progress.best) == (best, losses[best])
    assert progress.step == max(losses) == best + 4 * 3 < 500

    saved, last = small_model(seed=8), small_model(seed=9)
    read_weights(tmp_path / "model.safetensors", saved)
    read_weights(tmp_path / f"checkpoints/step-{progress.step}/model.safetensors", last)
    assert same(weights(last), weights(model))
    figures = evaluate(saved, content.objective, content.validation, torch.float32)
    assert figures["loss"] == losses[best]

    again = trainer(tmp_path, small_model(), content, [metrics], steps=500, patience=4, **choices).run()
    assert again.step == progress.step, "it has stopped for good"
    more = trainer(tmp_path, small_model(), content, [metrics], steps=500, patience=5, **choices).run()
    assert more.step == progress.step + 3, "more patience goes on where it stopped"


def test_patience_begins_anew_with_each_best(tmp_path: Path) -> None:
    progress = trainer(tmp_path, content=training_data(), steps=12, evaluate_every=1, patience=2).run()
    assert progress.step == progress.best_step == 12, "every evaluation of so early a time is a new best"
