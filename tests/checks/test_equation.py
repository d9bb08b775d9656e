"""Attention is held against its equation at positions that no example reaches."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from cutaway.checks.equation import attention_equals_equation
from cutaway.checks.measure import Measurement, NotForThis
from cutaway.checks.subject import MOST, Subject, make_subject
from cutaway.config.run import RunConfig
from cutaway.nn.positions import Rotary
from variants import config_of as config
from variants import encoder_decoder_matrix, encoder_matrix, matrix, name, variant

pytestmark = pytest.mark.usefixtures("unchecked")
FAR = {
    "attention": {"window": 5000},
    "position": {"kind": "rotary", "scaling": {"kind": "llama3", "factor": 8.0}},
    "context": 131072,
}


def subject(**choices: Any) -> Subject:
    return make_subject(variant(**choices), RunConfig(model=config(**choices)), {})


def measured(made: Subject) -> Measurement:
    found = attention_equals_equation(made)
    assert isinstance(found, Measurement)
    return found


@pytest.mark.parametrize("choices", [*matrix(), *encoder_matrix(), *encoder_decoder_matrix()], ids=name)
@torch.no_grad()
def test_every_variant_is_its_equation(choices: dict[str, Any]) -> None:
    found = measured(subject(**choices))
    assert 0 < found.measured < found.bound / 10
    assert found.bound == 1e-4


@torch.no_grad()
def test_far_positions_are_allowed_the_rounding_of_their_angles() -> None:
    found = measured(subject(**FAR))
    assert found.passes
    assert found.bound < 0.02


@torch.no_grad()
def test_a_limit_beyond_every_example_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    made = subject(**FAR)
    assert max(one.inputs.shape[1] for one in made.long) == MOST < 5000
    monkeypatch.setattr(made.model.decoder.reaches[0], "window", 5001)
    assert not measured(made).passes
    monkeypatch.undo()
    assert measured(made).passes
    forward = Rotary.forward
    monkeypatch.setattr(Rotary, "forward", lambda self, positions: forward(self, positions.clamp(max=8192)))
    assert not measured(made).passes


@torch.no_grad()
def test_the_worst_layer_is_named() -> None:
    made = subject(architecture="encoder_decoder", attention={"softcap": 2.0})
    layer = made.model.get_submodule("decoder.1.cross_attention")
    layer.scoring = replace(layer.scoring, softcap=3.0)
    found = measured(made)
    assert (found.passes, found.culprit) == (False, "decoder.1.cross_attention")


@torch.no_grad()
def test_what_is_no_number_fails() -> None:
    made = subject(position="rotary")
    made.model.get_submodule("decoder.0.self_attention.value").weight[:] = torch.nan
    assert not measured(made).passes


@torch.no_grad()
def test_a_model_of_other_layers_is_not_for_it() -> None:
    made = subject()
    for i, block in enumerate(made.model.decoder.blocks):
        made.model.decoder[i] = Other(block)
    assert isinstance(attention_equals_equation(made), NotForThis)


class Other(torch.nn.Module):
    """A layer that mixes tokens in another way."""

    def __init__(self, block: torch.nn.Module) -> None:
        super().__init__()
        self.feedforward = block.get_submodule("feedforward")

    def forward(self, x: torch.Tensor, *others: object) -> torch.Tensor:
        return x + self.feedforward(x.cumsum(dim=1))
