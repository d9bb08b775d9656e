"""Biases that balance experts: their own optimizer moves them against the surplus, and all that training has holds."""

from pathlib import Path

import pytest
import torch

from cutaway.config.optimizer import AdamWConfig, MuonConfig
from cutaway.runs.plan import optimizer_tensors
from cutaway.tasks.base import evaluate
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.training.optimizers import make_optimizer
from cutaway.training.sign_descent import SignDescent
from training.setups import same, small_model, trainer, training_data, weights, windows

RATE = 0.03
EXPERTS = {"kind": "experts", "experts": 6, "experts_per_token": 2, "shared": 1, "hidden": 5, "balance_rate": RATE}
DENSE_FIRST = {"feedforward": EXPERTS, "first_layers": {"count": 1, "feedforward": "gated"}}
BIAS = "decoder.1.feedforward.balance.bias"
KINDS = {"adamw": AdamWConfig(), "muon": MuonConfig()}
every_kind = pytest.mark.parametrize("kind", KINDS)


def test_every_number_moves_by_the_rate_against_its_gradient_s_sign() -> None:
    weight = torch.nn.Parameter(torch.tensor([1.0, 1.0, 1.0, 1.0]))
    still = torch.nn.Parameter(torch.ones(2))
    optimizer = SignDescent([{"params": [weight, still], "lr": 0.25}])
    weight.grad = torch.tensor([3.0, -1e-12, 0.0, 1e9])
    optimizer.step()
    assert weight.tolist() == [0.75, 1.25, 1.0, 0.75]
    assert still.tolist() == [1, 1]


@every_kind
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_step_lowers_the_bias_of_the_busy_and_raises_that_of_the_idle(kind: str, share: float) -> None:
    model = small_model(**DENSE_FIRST)
    optimizer = make_optimizer(KINDS[kind], model)
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    model.get_parameter(BIAS).grad = torch.tensor([2.0, -1.0, 0.0, -1.0, 0.5, -0.5]) * 1e-9
    optimizer.set_rate(share)
    optimizer.step()
    expected = -RATE * share * torch.tensor([1.0, -1.0, 0.0, -1.0, 1.0, -1.0])
    torch.testing.assert_close(model.get_parameter(BIAS).data, expected)


@every_kind
def test_it_is_in_no_other_group_and_nothing_is_remembered_of_it(kind: str) -> None:
    model = small_model(**DENSE_FIRST)
    optimizer = make_optimizer(KINDS[kind], model)  # which checks that every weight is in one group
    for weight in model.parameters():
        weight.grad = torch.randn_like(weight)
    optimizer.step()
    assert {name: value.shape for name, value in optimizer.named_state().items()} == optimizer.named_shapes()
    remembered = [name for name in optimizer.named_state() if name.startswith("decoder.1.feedforward")]
    assert not [name for name in remembered if name.startswith(BIAS)]
    assert "decoder.1.feedforward.router.weight:exp_avg" in remembered
    expert = "decoder.1.feedforward.experts.3.up.weight"
    assert f"{expert}:{'mean' if kind == 'muon' else 'exp_avg'}" in remembered
    optimizer.load_named_state(optimizer.named_state())


@every_kind
def test_what_an_optimizer_keeps_is_counted(kind: str) -> None:
    model = small_model(**DENSE_FIRST)
    config = trainer(Path(), optimizer=kind)._config
    optimizer = make_optimizer(config.optimizer, model)
    kept = optimizer_tensors(config, model)
    found = dict.fromkeys(kept, 0)
    for name in optimizer.named_shapes():
        found[name.rpartition(":")[0]] += not name.endswith(":step")
    assert kept == found


def test_each_layer_has_its_rate() -> None:
    model = small_model(feedforward=EXPERTS, first_layers={"count": 1, "feedforward": EXPERTS | {"balance_rate": 0.5}})
    optimizer = make_optimizer(KINDS["adamw"], model)
    names = [f"decoder.{i}.feedforward.balance.bias" for i in (0, 1)]
    for name in names:
        model.get_parameter(name).grad = -torch.ones(6)
    optimizer.step()
    assert [model.get_parameter(name)[0].item() for name in names] == pytest.approx([0.5, RATE])


@pytest.mark.parametrize(
    "choices", [{"gradient_accumulation": 2}, {"gradient_clip": 1e-3}], ids=["gradient_accumulation", "clipping"]
)
def test_neither_accumulation_nor_clipping_changes_its_step(tmp_path: Path, choices: dict[str, float]) -> None:
    plain, other = small_model(**DENSE_FIRST), small_model(**DENSE_FIRST)
    trainer(tmp_path / "plain", plain).step(0, 1.0)
    trainer(tmp_path / "other", other, **choices).step(0, 1.0)
    moved = plain.get_parameter(BIAS)
    assert torch.equal(moved, other.get_parameter(BIAS))
    assert (moved.abs() == RATE).any()


def test_training_evens_the_load(tmp_path: Path) -> None:
    """From a bias that sends every token to the same two of six experts."""
    model = small_model(**DENSE_FIRST)
    model.get_parameter(BIAS).data = 0.9 * (torch.arange(6) < 2)

    def load() -> float:
        return evaluate(model, LanguageModeling(), windows(90), torch.float32)["expert_load"]

    assert load() == pytest.approx(3)
    teacher = trainer(tmp_path, model)
    for step in range(60):
        teacher.step(step, 1 - step / 60)
    assert load() < 2


@every_kind
def test_a_run_that_was_taken_up_again_ends_with_the_same_weights(tmp_path: Path, kind: str) -> None:
    straight, first, second = (small_model(**DENSE_FIRST, multi_token_prediction=1) for _ in range(3))
    choices = {"optimizer": kind, "save_every": 3, "evaluate_every": 2, "schedule": "cosine"}
    trainer(tmp_path / "straight", straight, training_data(), steps=6, **choices).run()
    begun = trainer(tmp_path / "taken up", first, training_data(), steps=6, **choices)
    begun._train = lambda progress: (begun._advance(progress), begun._save(progress))  # one step, then it ends
    begun.run()
    trainer(tmp_path / "taken up", second, training_data(), steps=6, **choices).run()
    assert same(weights(second), weights(straight))
    assert (weights(straight)[BIAS] != 0).any()
