"""Every weight has one optimizer, and what that remembers survives the way to disk and back."""

import pytest
import torch
from torch import nn

from cutaway.config.optimizer import AdamWConfig, MuonConfig
from cutaway.training.muon import Muon
from cutaway.training.optimizers import Optimizer, make_optimizer
from training.setups import same, small_model, weights

KINDS = {
    "adamw": AdamWConfig(weight_decay=0.3),
    "muon": MuonConfig(weight_decay=0.2, momentum=0.9, adamw=AdamWConfig(weight_decay=0.1, learning_rate=0.004)),
}
CHOICES = {
    "position": "relative",
    "feedforward": "gated",
    "head": {"tied": False, "bias": True},
    "attention": {"heads": 2, "bias": True},
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def set_gradients(model: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for weight in model.parameters():
        weight.grad = torch.randn(weight.shape, generator=generator)


def learn(model: nn.Module, optimizer: Optimizer, steps: range, share: float = 0.7) -> None:
    for seed in steps:
        set_gradients(model, seed)
        optimizer.set_rate(share)
        optimizer.step()
        optimizer.zero_grad()


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[tuple[type, dict[str, object]]]:
    """The groups of all optimizers that are made."""
    made: list[tuple[type, dict[str, object]]] = []
    create = Optimizer.__init__

    def note(self: Optimizer, model: nn.Module, parts: list[torch.optim.Optimizer]) -> None:
        made.extend((type(part), group) for part in parts for group in part.param_groups)
        create(self, model, parts)

    monkeypatch.setattr(Optimizer, "__init__", note)
    return made


@every_kind
def test_every_weight_is_in_one_group_and_only_matrices_decay(
    kind: str, groups: list[tuple[type, dict[str, object]]]
) -> None:
    model = small_model(**CHOICES)
    make_optimizer(KINDS[kind], model)
    held = [weight for _, group in groups for weight in group["params"]]
    assert len(held) == len(set(held))
    assert set(held) == set(model.parameters())
    for _, group in groups:
        assert all((weight.dim() > 1) == (group["weight_decay"] > 0) for weight in group["params"])


def test_muon_has_the_matrices_of_blocks_and_no_other(groups: list[tuple[type, dict[str, object]]]) -> None:
    model = small_model(**CHOICES)
    make_optimizer(KINDS["muon"], model)
    names = {weight: name for name, weight in model.named_parameters()}
    held = {names[weight] for kind, group in groups if kind is Muon for weight in group["params"]}
    parts = ["self_attention." + word for word in ("query", "key", "value", "out")]
    parts += ["feedforward." + word for word in ("up", "gate", "down")]
    assert held == {f"decoder.{i}.{part}.weight" for i in (0, 1) for part in parts}


@every_kind
def test_weights_change_as_much_as_the_rate_says_and_gradients_are_forgotten(kind: str) -> None:
    changes = []
    for share in (0.5, 1.0):
        model = small_model()
        before = weights(model)
        learn(model, make_optimizer(KINDS[kind].model_copy(update={"weight_decay": 0.0}), model), range(1), share)
        assert all(weight.grad is None for weight in model.parameters())
        changes.append({name: weight - before[name] for name, weight in weights(model).items()})
    for name, half in changes[0].items():
        if kind == "adamw" or name.startswith("decoder.0.self_attention"):
            assert torch.allclose(2 * half, changes[1][name], rtol=1e-3, atol=1e-6), name


@every_kind
def test_it_goes_on_from_a_saved_state_bit_for_bit(kind: str) -> None:
    straight = small_model()
    optimizer = make_optimizer(KINDS[kind], straight)
    assert optimizer.named_state() == {}
    learn(straight, optimizer, range(3))
    saved = {name: value.clone() for name, value in optimizer.named_state().items()}
    assert {name: value.shape for name, value in saved.items()} == optimizer.named_shapes()
    resumed = small_model()
    resumed.load_state_dict(straight.state_dict())
    other = make_optimizer(KINDS[kind], resumed)
    other.load_named_state(saved)
    learn(straight, optimizer, range(3, 6))
    learn(resumed, other, range(3, 6))
    assert same(weights(resumed), weights(straight))
    assert same(other.named_state(), optimizer.named_state())


@every_kind
def test_without_its_state_it_goes_elsewhere(kind: str) -> None:
    straight, forgetful = small_model(), small_model()
    optimizer = make_optimizer(KINDS[kind], straight)
    learn(straight, optimizer, range(3))
    forgetful.load_state_dict(straight.state_dict())
    learn(straight, optimizer, range(3, 4))
    learn(forgetful, make_optimizer(KINDS[kind], forgetful), range(3, 4))
    for name, weight in weights(forgetful).items():
        assert not torch.equal(weight, weights(straight)[name])


def test_adamw_is_the_equation() -> None:
    config = AdamWConfig(learning_rate=0.01, beta1=0.8, beta2=0.9, epsilon=1e-3, weight_decay=0.5)
    model = small_model()
    optimizer = make_optimizer(config, model)
    name = "decoder.1.feedforward.up.weight"
    weight, mean, square = model.get_parameter(name), torch.tensor(0.0), torch.tensor(0.0)
    expected = weight.detach().clone()
    for step in (1, 2, 3):
        set_gradients(model, step)
        gradient = weight.grad.clone()
        optimizer.set_rate(0.7)
        optimizer.step()
        mean, square = 0.8 * mean + 0.2 * gradient, 0.9 * square + 0.1 * gradient**2
        update = mean / (1 - 0.8**step) / ((square / (1 - 0.9**step)).sqrt() + 1e-3)
        expected = expected * (1 - 0.007 * 0.5) - 0.007 * update
    assert torch.allclose(weight, expected, atol=1e-6)
