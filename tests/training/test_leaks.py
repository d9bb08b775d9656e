"""Nobody can foresee chance: a model that beats ln V on fresh random tokens has looked at its targets."""

import math
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from cutaway.model.transformer import DecoderOnly
from cutaway.tasks.base import TrainingData
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.tasks.text_task import RandomTokens
from training.setups import CONTEXT, VOCABULARY, small_model, trainer
from variants import POSITIONS, RESIDUALS

NOISE = 0.01
"""Sampling moves the mean of the last fifty losses by a tenth of this, for a model that knows it knows nothing."""

VARIANTS = [
    {"position": position, "residual": order} for position, order in zip(POSITIONS, cycle(RESIDUALS), strict=False)
]


pytestmark = pytest.mark.usefixtures("unchecked")


def gain(folder: Path, model: DecoderOnly) -> float:
    """By how much 200 steps on tokens that nobody saw before bring the loss below that of guessing."""
    content = TrainingData(LanguageModeling(), RandomTokens(VOCABULARY, 8, CONTEXT), None)
    learner = trainer(folder, model, content, optimizer="muon", batch_size=8)
    losses = [learner.step(i, 1.0)[0] for i in range(200)]
    return math.log(VOCABULARY) - sum(losses[-50:]) / 50


def name(choices: dict[str, Any]) -> str:
    return "+".join(choices.values())


def quick_and_heavy(first: dict[str, Any], *others: dict[str, Any]) -> list[Any]:
    return [first, *(pytest.param(one, marks=pytest.mark.heavy) for one in others)]


@pytest.mark.parametrize("choices", quick_and_heavy(*VARIANTS[::-1]), ids=name)
def test_no_model_foresees_chance(tmp_path: Path, choices: dict[str, Any]) -> None:
    assert gain(tmp_path, small_model(**choices)) < NOISE


@pytest.mark.parametrize("choices", quick_and_heavy(*VARIANTS[::3]), ids=name)
def test_a_model_that_may_look_ahead_does(tmp_path: Path, choices: dict[str, Any]) -> None:
    model = small_model(**choices)
    model.decoder.reaches[0].causal = False
    assert gain(tmp_path, model) > 20 * NOISE
