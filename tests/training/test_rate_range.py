"""A rate that rises until the loss diverges, on a model that stays as it is."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from cutaway.config.train import TrainConfig
from cutaway.tasks.base import TrainingData
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.training.rate_range import DIVERGED, HIGHEST, LOWEST, UNSETTLED, RateRange, find_rate
from training.setups import same, small_model, training_data, weights

CONFIG = TrainConfig.model_validate({"batch_size": 4, "device": "cpu", "precision": "fp32", "schedule": "constant"})


def chosen(**choices: object) -> TrainConfig:
    return TrainConfig.model_validate({**CONFIG.model_dump(), **choices})


@pytest.mark.parametrize("optimizer", [{"kind": "muon"}, {"kind": "adamw", "learning_rate": 0.005}])
def test_it_finds_a_rate_between_too_low_and_too_high(optimizer: dict[str, object]) -> None:
    found = find_rate(small_model(), training_data(), chosen(optimizer=optimizer))
    config = chosen(optimizer=optimizer)
    assert found.rates[0] == pytest.approx(LOWEST * config.optimizer.learning_rate)
    assert found.least is not None
    assert UNSETTLED < found.least < len(found.losses) - 1
    assert 1.2 * found.losses[found.least] < found.losses[0]
    assert found.diverged == (found.losses[-1] > DIVERGED * found.losses[found.least])
    assert found.suggested == pytest.approx(found.rates[found.least] / 10)


def test_the_rate_rises_by_the_same_factor_each_step() -> None:
    found = find_rate(small_model(), training_data(), CONFIG, steps=9)
    assert len(found.rates) == len(found.losses) == 9
    factor = (HIGHEST / LOWEST) ** (1 / 8)
    assert [later / earlier for earlier, later in pairwise(found.rates)] == pytest.approx([factor] * 8)
    assert found.rates[-1] == pytest.approx(HIGHEST * CONFIG.optimizer.learning_rate)


def test_the_model_and_the_folder_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = small_model(dropout=0.3).eval()
    before = weights(model)
    first, again = (find_rate(model, training_data(), CONFIG, steps=20) for _ in range(2))
    assert same(weights(model), before)
    assert not model.training
    assert all(weight.grad is None for weight in model.parameters())
    assert list(tmp_path.iterdir()) == []
    assert first == again


def test_it_stops_at_a_loss_that_is_no_number() -> None:
    class Breaks(LanguageModeling):
        """Is well for some batches."""

        batches = 0

        def loss(self, model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
            self.batches += 1
            total, count = super().loss(model, batch)
            return total * (float("inf") if self.batches > 15 else 1.0), count

    told: list[int] = []
    found = find_rate(small_model(), TrainingData(Breaks(), training_data().training, None), CONFIG, told.append)
    assert found.diverged
    assert len(found.losses) == 15
    assert told == list(range(1, 16))


@pytest.mark.parametrize(
    ("losses", "least"),
    [
        ([1.0] * 10 + [0.9, 0.5, 0.7], 11),
        ([0.1] * 10 + [0.9, 0.5, 0.7], 11),
        ([1.0] * 10 + [0.9, 1.5, 1.7], None),
        ([1.0] * 3, None),
    ],
)
def test_the_least_is_looked_for_where_the_mean_has_settled(losses: list[float], least: int | None) -> None:
    found = RateRange([10.0**step for step in range(len(losses))], losses, diverged=True)
    assert found.least == least
    assert found.suggested == (None if least is None else pytest.approx(10.0 ** (least - 1)))
