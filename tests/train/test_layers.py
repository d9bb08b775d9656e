"""A lower layer learns more slowly, and by exactly as much as is said."""

from typing import Any

import pytest
import torch

from cutaway.config.model import ModelConfig
from cutaway.model.build import build
from cutaway.train.layers import layers_above
from cutaway.train.optimizers import make_optimizer
from train.lessons import same, small_model, weights
from train.test_optimizers import KINDS, learn

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
