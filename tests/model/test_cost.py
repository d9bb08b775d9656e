"""What a model is said to cost is what it takes."""

from typing import Any

import pytest
import torch
from torch import nn

from cutaway.config.model import ModelConfig
from cutaway.config.reading import load_preset
from cutaway.config.train import TrainConfig
from cutaway.model.build import build
from cutaway.model.cost import cost, saved_for_backward
from cutaway.runs.plan import optimizer_tensors
from cutaway.training.freezing import freeze
from cutaway.training.optimizers import make_optimizer
from variants import tokens, variant

CHOICES = [
    {"attention": {"kv_heads": 3}, "position": "rotary"},
    {"head": {"tied": False, "bias": True}, "position": "relative", "feedforward": "gated"},
]


@pytest.mark.parametrize("choices", CHOICES, ids=["tied", "free"])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("frozen", [[], ["decoder.embed", "decoder.0"]], ids=["all", "some"])
def test_it_is_what_a_model_takes_after_a_step(choices: dict[str, Any], optimizer: str, frozen: list[str]) -> None:
    model, config = variant(**choices), TrainConfig.model_validate({"optimizer": optimizer})
    freeze(model, frozen)
    said = cost(model, optimizer_tensors(config, model))
    learner = make_optimizer(config.optimizer, model)
    model(tokens()).sum().backward()
    weights = list(model.parameters())
    assert said.parameters == sum(weight.numel() for weight in weights)
    assert said.weights == sum(weight.nbytes for weight in weights)
    assert said.gradients == sum(weight.grad.nbytes for weight in weights if weight.grad is not None)
    learner.step()
    state = learner.named_state()
    assert said.optimizer == sum(value.nbytes for name, value in state.items() if not name.endswith(":step"))
    assert said.optimizer > 0


@pytest.mark.parametrize("slots", [1, 9])
@pytest.mark.parametrize("batch", [1, 4])
def test_a_cache_takes_as_much_for_every_token(slots: int, batch: int) -> None:
    model = variant(attention={"kv_heads": 3})
    assert cost(model, {}).cache_per_token * slots * batch == model.make_cache(batch, slots).nbytes > 0


def test_a_large_model_is_counted_without_being_made() -> None:
    config = load_preset("gpt2-small").model.model_copy(update={"vocabulary": 50257})
    with torch.device("meta"):
        model = build(config)
    said = cost(model, dict.fromkeys(dict(model.named_parameters()), 2))
    assert all(weight.is_meta for weight in model.parameters())
    width, layers = 768, 12
    blocks = layers * (12 * width**2 + 13 * width)  # matrices; their biases, and two norms
    assert said.parameters == (50257 + 1024) * width + blocks + 2 * width == 124_439_808
    assert (said.weights, said.gradients, said.optimizer) == tuple(4 * said.parameters * n for n in (1, 1, 2))
    assert said.cache_per_token == layers * 2 * width * 4


def test_counting_leaves_torch_s_random_state_alone() -> None:
    before = torch.get_rng_state()
    cost(build(ModelConfig(vocabulary=7)), {})
    assert torch.equal(torch.get_rng_state(), before)


def test_what_is_saved_for_the_way_back_is_counted_once_and_without_weights() -> None:
    linear, x = nn.Linear(5, 7, bias=False), torch.randn(3, 5, requires_grad=True)
    assert saved_for_backward(linear, lambda: linear(x).sum()) == 3 * 5 * 4
    assert saved_for_backward(linear, lambda: (linear(x) + linear(x[:, :])).sum()) == 3 * 5 * 4
    hidden = 3 * 7 * 4
    assert saved_for_backward(linear, lambda: linear(x).tanh().sum()) == 3 * 5 * 4 + hidden
    with torch.no_grad():
        assert saved_for_backward(linear, lambda: linear(x).tanh().sum()) == 0


def test_activations_grow_with_the_batch_and_with_layers() -> None:
    def activations(batch: int, **choices: Any) -> int:
        model = variant(**choices)
        return saved_for_backward(model, lambda: model(tokens(batch)).sum())

    one, two, four = (activations(batch) for batch in (1, 2, 4))
    assert 0 < one < two < four
    assert four - two == pytest.approx(2 * (two - one), rel=0.02)
    assert activations(2, layers=4) > 1.5 * two
