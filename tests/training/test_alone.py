"""Optimizers and schedules are torch's kind: they work in a loop of one's own, with torch's schedulers."""

import copy
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from cutaway.config.optimizer import AdamWConfig
from cutaway.config.schedule import (
    ConstantConfig,
    CosineConfig,
    InverseSquareRootConfig,
    LinearConfig,
    ScheduleConfig,
    StableConfig,
)
from cutaway.nn import token_loss
from cutaway.training import Muon, Optimizer, SignDescent, clip_gradients, make_optimizer, rate, schedule_of
from training.setups import VOCABULARY, same, small_model, weights
from training.test_optimizers import KINDS

TOKENS = torch.arange(24).view(3, 8) % VOCABULARY
KINDS_OF_SCHEDULES = (ConstantConfig, CosineConfig, LinearConfig, StableConfig, InverseSquareRootConfig)
MOE = {"kind": "experts", "experts": 4, "hidden": 16, "balance": "bias"}


def loss_of(model: nn.Module) -> Tensor:
    return token_loss(model(TOKENS[:, :-1]), TOKENS[:, 1:])


def learn(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> list[float]:
    """A loop as in torch's own tutorials."""
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model)
        loss.backward()
        clip_gradients(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("kind", KINDS)
def test_a_loop_of_ones_own_learns(kind: str) -> None:
    model = small_model()
    optimizer = make_optimizer(KINDS[kind], model)
    assert isinstance(optimizer, torch.optim.Optimizer)
    losses = learn(model, optimizer, 12)
    assert losses[-1] < 0.95 * losses[0]
    held = [weight for group in optimizer.param_groups for weight in group["params"]]
    assert len(held) == len(set(held)) == len(list(model.parameters()))


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_on_from_its_state_dict_as_if_nothing_had_happened(kind: str) -> None:
    straight, resumed = small_model(), small_model(seed=3)
    optimizer, other = make_optimizer(KINDS[kind], straight), make_optimizer(KINDS[kind], resumed)
    learn(straight, optimizer, 3)
    optimizer.set_rate(0.3)
    saved = copy.deepcopy((straight.state_dict(), optimizer.state_dict()))
    resumed.load_state_dict(saved[0])
    other.load_state_dict(saved[1])
    assert [group["lr"] for group in other.param_groups] == [group["lr"] for group in optimizer.param_groups]
    learn(straight, optimizer, 3)
    learn(resumed, other, 3)
    assert same(weights(resumed), weights(straight))
    assert same(other.named_state(), optimizer.named_state())
    assert not same(weights(resumed), saved[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_model_and_optimizer_goes_on_alike(kind: str) -> None:
    model = small_model()
    optimizer = make_optimizer(KINDS[kind], model)
    learn(model, optimizer, 2)
    twin, other = copy.deepcopy((model, optimizer))
    before = weights(model)
    learn(twin, other, 2)
    assert same(weights(model), before)
    learn(model, optimizer, 2)
    assert same(weights(twin), weights(model))
    assert same(other.named_state(), optimizer.named_state())


@pytest.mark.parametrize("kind", KINDS)
def test_torchs_scheduler_gives_what_our_loop_gives(kind: str) -> None:
    schedule, steps = CosineConfig(warmup=2, floor=0.1), 6
    ours, theirs = small_model(), small_model()
    optimizer, scheduled = make_optimizer(KINDS[kind], ours), make_optimizer(KINDS[kind], theirs)
    scheduler = LambdaLR(scheduled, schedule_of(schedule, steps))
    rates = []
    for step in range(steps):
        optimizer.set_rate(rate(schedule, step, steps))
        learn(ours, optimizer, 1)
        learn(theirs, scheduled, 1)
        rates.append(scheduled.param_groups[0]["lr"])
        scheduler.step()
    assert len(set(rates)) == steps
    for name, weight in weights(theirs).items():
        torch.testing.assert_close(weight, weights(ours)[name], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_group_changes_the_step(kind: str) -> None:
    model = small_model()
    optimizer = make_optimizer(KINDS[kind], model)
    before = weights(model)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    learn(model, optimizer, 1)
    assert same(weights(model), before)


def test_it_trains_any_module() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x, y = torch.randn(16, 3), torch.randn(16, 2)
    optimizer = make_optimizer(AdamWConfig(learning_rate=0.05), model)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(30)]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize(
    "make", [lambda ws: Muon(ws, learning_rate=0.1), lambda ws: SignDescent([{"params": ws, "lr": 0.1}])]
)
def test_the_parts_are_optimizers_too(make: Callable[[list[nn.Parameter]], torch.optim.Optimizer]) -> None:
    weight, idle = nn.Parameter(torch.ones(3, 4)), nn.Parameter(torch.ones(2, 2))
    optimizer = make([weight, idle])

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure) == 12
    assert weight.max() < 1
    assert torch.equal(idle, torch.ones(2, 2))
    optimizer.zero_grad()
    optimizer.step()  # no weight has a gradient


def test_weights_are_not_added_behind_its_back() -> None:
    optimizer = make_optimizer(AdamWConfig(), small_model())
    with pytest.raises(ValueError, match="call make_optimizer again"):
        optimizer.add_param_group({"params": [nn.Parameter(torch.ones(2))]})


def test_experts_balanced_by_bias_are_in_the_state_too() -> None:
    model = small_model(feedforward=MOE)
    optimizer = make_optimizer(AdamWConfig(), model)
    assert {SignDescent, torch.optim.AdamW} == {type(part) for part in optimizer._parts}
    learn(model, optimizer, 2)
    other = make_optimizer(AdamWConfig(), model)
    other.load_state_dict(optimizer.state_dict())
    assert same(other.named_state(), optimizer.named_state())


@pytest.mark.parametrize("kind", KINDS_OF_SCHEDULES)
@pytest.mark.parametrize(("warmup", "steps"), [(5, 20), (0.25, 20), (20, 20), (30, 20), (3, 4), (1, 1)])
def test_a_schedule_stays_flat_after_its_end(kind: type[ScheduleConfig], warmup: float, steps: int) -> None:
    schedule = schedule_of(kind(warmup=warmup), steps)
    shares = [schedule(step) for step in range(4 * steps)]
    assert shares[steps:] == [shares[steps]] * (3 * steps)
    assert all(0 <= share <= 1 for share in shares)
    first = min(steps, warmup if warmup >= 1 else round(warmup * steps))
    assert all(earlier < later for earlier, later in pairwise(shares[: first + 1]))
    assert all(earlier >= later for earlier, later in pairwise(shares[first:]))
    assert schedule(10**9) == shares[-1]


@pytest.mark.parametrize("kind", [CosineConfig, LinearConfig, StableConfig])
def test_it_ends_at_its_floor(kind: type[ScheduleConfig]) -> None:
    assert schedule_of(kind(warmup=3, floor=0.2), 11)(5000) == pytest.approx(0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_an_optimizer_of_frozen_weights_does_nothing(kind: str) -> None:
    model = small_model().requires_grad_(False)
    optimizer = make_optimizer(KINDS[kind], model)
    before = weights(model)
    optimizer.set_rate(0.5)
    optimizer.step()
    assert isinstance(optimizer, Optimizer)
    assert same(weights(model), before)
    assert optimizer.named_state() == {}
