"""Measured steps are those of the run itself, and leave nothing behind."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.config.train import TrainConfig
from cutaway.runs.plan import StepCost, measure_steps
from cutaway.tasks.base import TrainingData
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.tasks.text_task import RandomTokens
from cutaway.training.loop import Trainer
from training.setups import CONTEXT, VOCABULARY, same, small_model, weights


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many targets each step learns from."""
    seen: list[int] = []
    step = Trainer.step

    def noted(self: Trainer, index: int, share: float) -> tuple[float, float, int]:
        figures = step(self, index, share)
        seen.append(figures[2])
        return figures

    monkeypatch.setattr(Trainer, "step", noted)
    return seen


def measured(model: torch.nn.Module | None = None, *, patience: float = 30.0, **choices: Any) -> StepCost:
    config = TrainConfig.model_validate({"batch_size": 12, "precision": "fp32", "device": "cpu", **choices})
    batches = RandomTokens(VOCABULARY, config.batch_size // config.gradient_accumulation, CONTEXT)
    part = TrainingData(LanguageModeling(), batches, None)
    return measure_steps(model or small_model(), config, part, steps=3, patience=patience)


def test_it_learns_a_few_steps_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: list[int]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = small_model()
    before = weights(model)
    measured(model)
    assert sizes == [12 * CONTEXT] * 3
    assert not same(weights(model), before)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_in_parts_is_measured_by_one_part(sizes: list[int]) -> None:
    whole, part = measured(batch_size=4), measured(batch_size=12, gradient_accumulation=3)
    assert sizes == [4 * CONTEXT] * 6
    assert part.activations == whole.activations


def test_it_measures_in_the_precision_of_the_run() -> None:
    assert measured(precision="bf16").activations != measured(precision="fp32").activations


def test_without_patience_it_makes_one_step(sizes: list[int]) -> None:
    measured(patience=0.0)
    assert len(sizes) == 1


def test_random_tokens_are_targets_of_those_before_and_differ_by_number() -> None:
    batches = RandomTokens(VOCABULARY, 3, CONTEXT)
    (inputs, targets), (again, _), (other, _) = batches[4], batches[4], batches[5]
    assert inputs.shape == targets.shape == (3, CONTEXT)
    assert (inputs[:, 1:] == targets[:, :-1]).all()
    assert (inputs == again).all()
    assert (inputs != other).any()
    assert 0 <= targets.min() <= targets.max() < VOCABULARY
