"""Frozen weights stay bit for bit what they are, and cost neither gradients nor memory of the optimizer."""

import re
from pathlib import Path

import pytest

from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.model.build import build
from cutaway.training.freezing import freeze
from cutaway.training.optimizers import make_optimizer
from training.setups import same, small_model, trainer, training_data, weights
from training.test_optimizers import KINDS, learn

UNTIED = {"head": {"tied": False, "bias": True}, "attention": {"heads": 2, "bias": True}}
FROZEN = {
    "decoder.embed": {"decoder.embed.tokens.weight", "decoder.embed.positions.weight"},
    "decoder.0": {name for name in weights(small_model(**UNTIED)) if name.startswith("decoder.0.")},
    "*.bias": {name for name in weights(small_model(**UNTIED)) if name.endswith(".bias")},
    "decoder.*.self_attention.q*": {
        f"decoder.{i}.self_attention.query.{part}" for i in (0, 1) for part in ("weight", "bias")
    },
    "head.projection.weight": {"head.projection.weight"},
}


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("pattern", FROZEN)
def test_what_is_frozen_stays_as_it_is_and_all_else_learns(pattern: str, optimizer: str, tmp_path: Path) -> None:
    model = small_model(**UNTIED)
    before = weights(model)
    trainer(tmp_path, model, steps=3, frozen=[pattern], optimizer=optimizer).run()
    after = weights(model)
    assert {name for name in before if before[name].equal(after[name])} == FROZEN[pattern]


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_no_gradient_and_nothing_is_remembered_of_it(kind: str) -> None:
    model = small_model(**UNTIED)
    freeze(model, ["decoder.0", "decoder.embed"])
    kept = FROZEN["decoder.0"] | FROZEN["decoder.embed"]
    optimizer = make_optimizer(KINDS[kind], model)
    learning = training_data()
    loss, _ = learning.objective.loss(
        model, learning.objective.collate(learning.training[0], model.head.projection.weight.device)
    )
    loss.backward()
    assert {name for name, weight in model.named_parameters() if weight.grad is None} == kept
    optimizer.step()
    assert {name.partition(":")[0] for name in optimizer.named_state()} == weights(model).keys() - kept
    assert optimizer.named_state().keys() == optimizer.named_shapes().keys()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("patterns", [["decoder"], ["head", "*.norm", "*.embed", "*.bias"]])
def test_an_optimizer_may_have_nothing_to_do(kind: str, patterns: list[str]) -> None:
    model = small_model(**UNTIED)
    freeze(model, patterns)
    before = weights(model)
    learn(model, make_optimizer(KINDS[kind], model), range(1))
    frozen = {name for name, weight in model.named_parameters() if not weight.requires_grad}
    assert 0 < len(frozen) < len(before)
    assert {name for name, weight in weights(model).items() if weight.equal(before[name])} == frozen


def test_a_weight_with_two_names_is_frozen_by_either() -> None:
    for name in ("head", "decoder.embed.tokens.weight"):
        model = small_model()
        freeze(model, [name])
        assert [one for one, weight in model.named_parameters() if not weight.requires_grad] == [
            "decoder.embed.tokens.weight"
        ]


def test_biases_that_balance_experts_can_be_frozen() -> None:
    experts = {"kind": "experts", "experts": 4, "experts_per_token": 2, "balance": "bias"}
    config = {"vocabulary": 11, "context": 7, "width": 16, "layers": 1, "attention": {"heads": 2}}
    model = build(ModelConfig.model_validate({**config, "feedforward": experts}))
    freeze(model, ["*.balance"])
    before = weights(model)
    learning = training_data()
    batch = learning.objective.collate(learning.training[0], model.head.projection.weight.device)
    optimizer = make_optimizer(KINDS["adamw"], model)
    learning.objective.loss(model, batch)[0].backward()
    optimizer.step()
    assert {name for name, weight in weights(model).items() if weight.equal(before[name])} == {
        "decoder.0.feedforward.balance.bias"
    }


@pytest.mark.parametrize(
    ("patterns", "told"),
    [
        (
            ["decoder.embd"],
            "no weight of this model matches 'decoder.embd' of train.frozen; did you mean 'decoder.embed'?",
        ),
        (["xyz"], "no weight of this model matches 'xyz' of train.frozen; known: decoder, head"),
        (["decoder.2"], "no weight of this model matches 'decoder.2' of train.frozen; did you mean 'decoder."),
        (["*"], "train.frozen leaves no weight to train: name fewer weights"),
    ],
)
def test_what_cannot_be_frozen(patterns: list[str], told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(told)):
        trainer(tmp_path, steps=1, frozen=patterns)


def test_nothing_frozen_is_no_change(tmp_path: Path) -> None:
    model, other = small_model(), small_model()
    freeze(other, [])
    assert all(weight.requires_grad for weight in other.parameters())
    assert same(weights(model), weights(other))
