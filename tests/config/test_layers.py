"""Experts, first layers and looks ahead that cannot be are refused in one line that says what to change."""

from typing import Any

import pytest
from pydantic import ValidationError
from torch import nn

from cutaway.config.model import ModelConfig
from cutaway.config.reading import load_preset, override
from cutaway.errors import UserError
from cutaway.model.build import build
from cutaway.nn.experts import Experts


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"experts_per_token": 9}, "experts_per_token 9 exceeds experts 8: lower it or raise experts"),
        ({"groups": 3}, "3 groups do not divide 8 experts: change groups or experts"),
        (
            {"groups": 4, "groups_per_token": 5},
            "groups_per_token 5 is more than groups 4: lower it, or raise groups",
        ),
        ({"groups_per_token": 2}, "groups_per_token 2 is more than groups 1: lower it, or raise groups"),
        (
            {"groups": 4, "groups_per_token": 1, "experts_per_token": 3},
            "1 of 4 groups have 2 experts, but experts_per_token is 3: raise",
        ),
    ],
    ids=["chosen", "groups", "groups_per_token", "no groups", "too few in groups"],
)
def test_a_choice_of_experts_that_cannot_be_is_refused(choices: dict[str, Any], message: str) -> None:
    words = [f"model.feedforward.{key}={value}" for key, value in choices.items()]
    with pytest.raises(UserError, match=message) as raised:
        override(load_preset("gpt-nano"), ["model.feedforward=experts", *words])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"first_layers": {"count": 3}, "layers": 2}, r"model\.first_layers\.count is 3, but the model has 2 layers"),
        (
            {"architecture": "encoder_decoder", "first_layers": {"count": 3}, "encoder_layers": 1},
            r"model\.first_layers\.count is 3, but the model has 1 layer",
        ),
        (
            {
                "architecture": "encoder_decoder",
                "embedding": {"token_width": 14},
                "source_embedding": {"kind": "tokens", "token_width": 10},
            },
            r"model\.source_embedding\.token_width is 10, but model\.embedding\.token_width is 14: make them equal",
        ),
        (
            {"first_norm": False, "residual": "post"},
            r"model\.first_norm=no leaves out a norm of residual=pre, but residual is post: remove it",
        ),
        (
            {"multi_token_prediction": 1, "architecture": "encoder"},
            r"model\.multi_token_prediction is for decoders with a language head",
        ),
        (
            {"multi_token_prediction": 1, "architecture": "encoder_decoder"},
            r"model\.multi_token_prediction is for decoders with a language head",
        ),
        (
            {"multi_token_prediction": 1, "head": {"kind": "token"}},
            r"model\.multi_token_prediction is for decoders with a language head",
        ),
    ],
    ids=[
        "first layers",
        "of an encoder",
        "token widths",
        "no first norm",
        "ahead in an encoder",
        "ahead of a source",
        "ahead of tags",
    ],
)
def test_layers_that_cannot_be_are_refused(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ModelConfig.model_validate(choices)


def test_the_first_layers_are_different_and_no_others() -> None:
    first = {"count": 2, "feedforward": {"kind": "gated", "hidden": 12}}
    choices = {"vocabulary": 9, "width": 8, "layers": 3, "first_layers": first, "feedforward": "experts"}
    for architecture, stacks in {"decoder": 1, "encoder": 1, "encoder_decoder": 2}.items():
        model = build(ModelConfig.model_validate({"architecture": architecture, **choices}))
        found = [
            isinstance(block.feedforward, Experts) for part in list(model.children())[:stacks] for block in part.blocks
        ]
        assert found == stacks * [False, False, True]


def test_each_stack_has_its_first_norm_or_not_and_layers_ahead_have_theirs() -> None:
    choices = {"vocabulary": 9, "width": 8, "layers": 1, "first_norm": False}
    both = build(ModelConfig.model_validate({"architecture": "encoder_decoder", **choices, "layers": 2}))
    for stack in (both.encoder, both.decoder):
        found = [isinstance(block.self_attention_residual.norm, nn.Identity) for block in stack.blocks]
        assert found == [True, False]
        assert not any(isinstance(block.feedforward_residual.norm, nn.Identity) for block in stack.blocks)
    assert not isinstance(both.decoder.blocks[0].cross_attention_residual.norm, nn.Identity)
    ahead = build(ModelConfig.model_validate({**choices, "multi_token_prediction": 1}))
    assert isinstance(ahead.decoder.blocks[0].self_attention_residual.norm, nn.Identity)
    assert not isinstance(ahead.multi_token_prediction[0].block.self_attention_residual.norm, nn.Identity)


def test_experts_that_are_used_are_as_wide_together_as_a_gated_network_unless_told() -> None:
    feedforward = {"kind": "experts", "experts": 5, "experts_per_token": 3, "shared": 2}
    model = build(ModelConfig.model_validate({"vocabulary": 9, "width": 96, "layers": 1, "feedforward": feedforward}))
    layer = model.decoder.blocks[0].feedforward
    assert layer.shared.up.out_features == 2 * 56
    assert [expert.up.out_features for expert in layer.experts] == 5 * [56]
    assert 5 * 56 >= 8 * 96 / 3
