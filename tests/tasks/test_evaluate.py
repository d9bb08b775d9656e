"""A held-out part gives one figure, however it is batched, and the model is left as it was."""

import math

import numpy as np
import pytest
import torch

from cutaway.nn.losses import IGNORED
from cutaway.tasks.base import evaluate
from cutaway.tasks.language_modeling.task import LanguageModeling
from training.setups import VOCABULARY, Fixed, same, small_model, weights, windows

COUNT = 90


def read(model: torch.nn.Module, batch_size: int = 3, limit: int | None = None) -> dict[str, float]:
    return evaluate(model, LanguageModeling(), windows(COUNT, batch_size=batch_size), torch.float32, limit)


def nats(model: torch.nn.Module, inputs: np.ndarray, targets: np.ndarray) -> float:
    """The equation, target by target."""
    probabilities = model.eval()(torch.from_numpy(inputs)).double().softmax(dim=-1)
    counted = [(i, t) for i, t in np.ndindex(targets.shape) if targets[i, t] != IGNORED]
    return -math.fsum(probabilities[i, t, targets[i, t]].log().item() for i, t in counted)


def test_it_is_the_mean_over_all_targets() -> None:
    model = small_model()
    total = math.fsum(nats(model, *windows(COUNT)[i]) for i in range(len(windows(COUNT))))
    figures = read(model)
    assert figures["tokens"] == COUNT - 1
    assert figures["loss"] == pytest.approx(total / (COUNT - 1), rel=1e-5)
    assert figures["perplexity"] == pytest.approx(math.exp(total / (COUNT - 1)), rel=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_it_does_not_depend_on_how_examples_are_batched(batch_size: int) -> None:
    model = small_model()
    assert read(model, batch_size) == pytest.approx(read(model), rel=1e-6)


@pytest.mark.parametrize("is_training", [True, False])
def test_dropout_is_off_and_the_mode_comes_back(is_training: bool) -> None:
    model = small_model(dropout=0.5)
    undropped = small_model()
    undropped.load_state_dict(model.state_dict())
    model.train(is_training)
    before = weights(model)
    assert read(model) == read(undropped)
    assert all(module.training == is_training for module in model.modules())
    assert same(weights(model), before)


def test_the_mode_comes_back_after_a_failure_too() -> None:
    model = small_model().train()
    with pytest.raises(IndexError):
        evaluate(model, LanguageModeling(), Fixed((np.full((1, 3), 99), np.full((1, 3), 1))), torch.float32)
    assert model.training


def test_a_model_learns_on_after_it() -> None:
    model = small_model(position="rotary").train()
    read(model)
    model(torch.randint(VOCABULARY, (2, 5))).sum().backward()


def test_a_limit_reads_the_first_batches_only() -> None:
    model = small_model()
    figures = read(model, limit=2)
    assert figures["tokens"] == 2 * 3 * 7
    assert figures["loss"] == pytest.approx(sum(nats(model, *windows(COUNT)[i]) for i in (0, 1)) / 42, rel=1e-5)
    assert read(model, limit=1000) == read(model)


def test_ignored_targets_do_not_count() -> None:
    model = small_model()
    inputs, targets = windows(COUNT)[0]
    targets = targets.copy()
    targets[0] = IGNORED
    targets[2, 3:] = IGNORED
    figures = evaluate(model, LanguageModeling(), Fixed((inputs, targets)), torch.float32)
    assert figures["tokens"] == 7 + 3
    assert figures["loss"] == pytest.approx(nats(model, inputs, targets) / 10, rel=1e-5)


def test_bits_a_character_make_tokenizers_comparable() -> None:
    total, tokens, characters = 120.0, 50, 170
    figures = LanguageModeling(characters / tokens).score({"loss": total, "count": tokens, "correct": 20})
    assert figures["bits_per_character"] == pytest.approx(total / math.log(2) / characters)
    assert figures["loss"] == pytest.approx(total / tokens)


def test_a_hopeless_loss_has_a_perplexity_too() -> None:
    assert math.isfinite(LanguageModeling().score({"loss": 1e6, "count": 10, "correct": 0})["perplexity"])
