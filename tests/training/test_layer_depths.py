"""A lower layer learns more slowly, and by exactly as much as is said."""

from typing import Any

import pytest
import torch

from cutaway.config.model import ModelConfig
from cutaway.config.optimizer import AdamWConfig, AdamWPartConfig, MuonConfig, OptimizerConfig
from cutaway.model.build import build
from cutaway.training.layer_depths import layers_above
from cutaway.training.optimizers import make_optimizer
from training.setups import same, small_model, weights
from training.test_optimizers import KINDS, learn

WITHOUT_DECAY: dict[str, OptimizerConfig] = {
    "adamw": AdamWConfig(weight_decay=0.0),
    "muon": MuonConfig(adamw=AdamWPartConfig(weight_decay=0.0)),
}
CHOICES: dict[str, Any] = {"position": "relative", "head": {"tied": False, "bias": True}}


def test_each_weight_stands_where_it_is_used() -> None:
    sizes = {"vocabulary": 11, "source_vocabulary": 13, "context": 7, "width": 16, "layers": 3, "encoder_layers": 2}
    choices = {"architecture": "encoder_decoder", "attention": {"heads": 2}, "position": "relative"}
    model = build(ModelConfig.model_validate({**sizes, **choices, "head": {"tied": False}}))
    above = layers_above(model)
    assert above.keys() == weights(model).keys()
    for name, layers in above.items():
        part, place = name.split(".")[:2]
        blocks = {"encoder": 2, "decoder": 3, "head": 0}[part]
        expected = {"norm": 0, "embed": blocks + 1, "biases": blocks + 1}
        assert layers == (0 if part == "head" else expected[place] if place in expected else blocks - int(place)), name


@pytest.mark.parametrize("kind", KINDS)
def test_without_decay_nothing_changes_by_a_bit(kind: str) -> None:
    plain, layered = small_model(**CHOICES), small_model(**CHOICES)
    learn(plain, make_optimizer(KINDS[kind], plain), range(3))
    learn(layered, make_optimizer(KINDS[kind].model_copy(update={"layer_decay": 1.0}), layered), range(3))
    assert same(weights(plain), weights(layered))


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_changes_by_the_share_that_its_place_gives_it(kind: str) -> None:
    changes = []
    for decay in (1.0, 0.5):
        model = small_model(**CHOICES)
        before = weights(model)
        learn(model, make_optimizer(KINDS[kind].model_copy(update={"layer_decay": decay}), model), range(1))
        changes.append({name: weight - before[name] for name, weight in weights(model).items()})
    above = layers_above(small_model(**CHOICES))
    assert sorted(set(above.values())) == [0, 1, 2, 3]
    for name, change in changes[0].items():
        assert torch.allclose(changes[1][name], change * 0.5 ** above[name], rtol=1e-3, atol=1e-6), name
        assert change.abs().max() > 1e-4


@pytest.mark.parametrize("attention", ["grouped", "latent"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_multiplies_scores_makes_no_difference_to_what_is_learnt(kind: str, attention: str) -> None:
    tokens = torch.randint(11, (4, 7), generator=torch.Generator().manual_seed(0))
    learnt = []
    for scale in (None, 1.7):
        model = small_model(attention={"kind": attention, "heads": 2, "bias": True, "scale": scale})
        optimizer = make_optimizer(WITHOUT_DECAY[kind], model)
        for _ in range(5):
            loss = -model(tokens)[:, :-1].log_softmax(dim=-1).gather(2, tokens[:, 1:, None]).mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        learnt.append(model(tokens).detach())
    assert not torch.allclose(learnt[0], small_model(attention={"heads": 2, "bias": True})(tokens), rtol=1e-2)
    torch.testing.assert_close(learnt[0], learnt[1], rtol=1e-3, atol=1e-3)
