"""A fresh model knows nothing and says so: whatever its shape, its loss is that of guessing."""

import math
from typing import Any

import pytest
import torch

from cutaway.config.model import ModelConfig
from cutaway.config.reading import load_preset, override, presets
from cutaway.model.build import build
from cutaway.runs.plan import with_expected_sizes
from pairwise import pairwise
from shown import shown
from variants import NORMS, POSITIONS, RESIDUALS
from variants import name as variant_name

UNSAID = {"gpt2-small": 5000, "llama-nano": 2048, "bert-base": 5000, "deepseek-nano": 2048}
"""Vocabularies where a preset leaves them to the tokenizer: near its own, but quick; elsewhere that of a plain text."""

LARGE = {"bert-base", "gpt2-small"}
"""Presets that are heavy to build."""

TOO_LARGE = {"deepseek-v3"}
"""Presets that are there to be counted."""


def fresh_loss(config: ModelConfig, seed: int, shape: tuple[int, int]) -> float:
    """Its mean loss over all answers: nobody beats guessing, and only who is sure of something exceeds it."""
    inputs, others = shown(config, *shape)
    with torch.inference_mode():
        logits = build(config, seed=seed).eval()(inputs, **others)
    return -float(logits.log_softmax(dim=-1).mean())


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.heavy] * (name in LARGE)) for name in presets() if name not in TOO_LARGE],
)
def test_a_fresh_preset_guesses(name: str) -> None:
    vocabulary = load_preset(name).model.vocabulary or UNSAID.get(name, 65)
    labels = [] if load_preset(name).model.head.kind == "language" else [f"model.head.labels={vocabulary}"]
    run = with_expected_sizes(override(load_preset(name), [f"model.vocabulary={vocabulary}", *labels]))
    length = min(run.model.context, 50)
    loss = fresh_loss(run.model, 3, (max(2, 100 // length), length))
    assert abs(loss - math.log(vocabulary)) < 0.1


SHAPES = {
    "position": POSITIONS,
    "residual": RESIDUALS,
    "norm": NORMS,
    "attention": ["grouped", "latent"],
    "embedding": [{}, {"scaled": True}, {"scaled": True, "norm": True}],
    "head": [{"tied": True}, {"tied": False, "bias": True}],
}
FAMILIES = {
    "architecture": ["encoder", "encoder_decoder"],
    "residual": RESIDUALS,
    "head": [{}, {"tied": False}, {"transform": "gelu"}],
    "embedding": [{}, {"scaled": True}, {"token_width": 12, "projected": "tokens"}, {"token_width": 48, "norm": True}],
}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("choices", [*pairwise(SHAPES), *pairwise(FAMILIES)], ids=variant_name)
def test_a_fresh_model_guesses(choices: dict[str, Any]) -> None:
    config = ModelConfig(vocabulary=97, context=24, width=32, layers=3, **choices)
    assert abs(fresh_loss(config, 5, (60, 24)) - math.log(97)) < 0.1


@pytest.mark.parametrize("kind", ["grouped", "latent"])
def test_a_fresh_model_s_scores_are_as_large_whatever_multiplies_them(kind: str) -> None:
    plain, scaled = (
        ModelConfig(vocabulary=97, context=24, width=32, layers=3, attention={"kind": kind, "scale": scale})
        for scale in (None, 1.7)
    )
    tokens = torch.randint(97, (2, 24), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(build(scaled).eval()(tokens), build(plain).eval()(tokens))


@pytest.mark.parametrize("kind", ["sequence", "token"])
def test_fresh_heads_guess_labels(kind: str) -> None:
    head = {"kind": kind, "labels": 5}
    config = ModelConfig(architecture="encoder", vocabulary=97, context=24, width=32, layers=3, head=head)
    assert abs(fresh_loss(config, 5, (60, 24)) - math.log(5)) < 0.1


def test_a_fresh_model_is_known_by_its_seed_and_leaves_torch_s_own_alone() -> None:
    config = ModelConfig(vocabulary=11, width=8, layers=1, attention={"heads": 2})
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, same, other = build(config, seed=1), build(config, seed=1), build(config, seed=2)
    assert torch.equal(torch.rand(3), expected)
    for name, weight in one.named_parameters():
        assert torch.equal(weight, same.get_parameter(name)), name
    assert not torch.equal(one.head.projection.weight, other.head.projection.weight)
