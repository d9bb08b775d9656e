"""Options of theirs and choices of ours."""

import pytest
import torch

from cutaway.errors import UserError
from cutaway.hub.options import (
    ACTIVATION,
    Option,
    merge,
    of_each_stack,
    read_options,
    renamed,
    require_known,
    write_options,
)
from cutaway.nn.feedforward import ACTIVATIONS
from support import require_module

OPTIONS = (
    Option("n_embd", "width"),
    Option("act", "feedforward.activation", "gelu_new", **ACTIVATION),
    Option("rope", "position", None, lambda given: {"base": given or 10_000}, lambda position: position["base"]),
)


def test_writing_undoes_reading() -> None:
    found = {"n_embd": 24, "act": "silu", "rope": 500}
    choices = read_options(found, OPTIONS, "here")
    assert choices == {"width": 24, "feedforward": {"activation": "silu"}, "position": {"base": 500}}
    assert write_options(choices, OPTIONS) == found


def test_what_is_left_out_has_its_default() -> None:
    choices = read_options({"n_embd": 24}, OPTIONS, "here")
    assert choices["feedforward"] == {"activation": "gelu_tanh"}
    assert choices["position"] == {"base": 10_000}


def test_the_first_of_several_names_is_written() -> None:
    both = renamed({"silu": "silu", "swish": "silu"})
    assert both["read"]("swish") == both["read"]("silu") == "silu"
    assert both["write"]("silu") == "silu"


GELUS = ("gelu", "gelu_python", "gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast", "gelu_accurate")


@pytest.mark.parametrize("name", [*GELUS, "relu", "silu", "swish", "relu2"])
def test_an_activation_of_each_name_is_that_of_transformers(name: str) -> None:
    theirs = require_module("transformers.activations").ACT2FN[name]
    x = torch.linspace(-4, 4, 37, dtype=torch.float64)
    assert torch.allclose(ACTIVATIONS[ACTIVATION["read"](name)](x), theirs(x), rtol=0, atol=1e-9)


def test_what_must_be_there_is_asked_for() -> None:
    with pytest.raises(UserError, match="here does not say n_embd"):
        read_options({}, OPTIONS, "here")


def test_a_value_that_we_do_not_have_is_named() -> None:
    with pytest.raises(UserError, match="act='quick_gelu', which cutaway does not have"):
        read_options({"n_embd": 24, "act": "quick_gelu"}, OPTIONS, "here")


@pytest.mark.parametrize("value", [None, False, [], {}, ""])
def test_an_unknown_option_that_asks_for_nothing_is_passed_over(value: object) -> None:
    require_known({"n_embd": 24, "new_thing": value}, OPTIONS, {}, set(), "here")


@pytest.mark.parametrize("value", [True, 1, 0.5, "yes", [0], {"a": 1}])
def test_an_unknown_option_that_asks_for_something_is_refused(value: object) -> None:
    with pytest.raises(UserError, match=r"asks for new_thing=.*, which cutaway does not implement"):
        require_known({"n_embd": 24, "new_thing": value}, OPTIONS, {}, set(), "here")


def test_a_required_value_is_held_to() -> None:
    require_known({"causal": True}, OPTIONS, {"causal": True}, set(), "here")
    with pytest.raises(UserError, match="causal=False, and only True is implemented"):
        require_known({"causal": False}, OPTIONS, {"causal": True}, set(), "here")


def test_dicts_are_merged() -> None:
    choices: dict[str, object] = {}
    merge(choices, "position", {"kind": "rotary"})
    merge(choices, "position", {"base": 7})
    merge(choices, "position.scaling", {"kind": "none"})
    assert choices == {"position": {"kind": "rotary", "base": 7, "scaling": {"kind": "none"}}}


HIDDEN = (of_each_stack(("encoder_ffn_dim", "decoder_ffn_dim"), ("encoder_hidden", "feedforward.hidden"), 64),)


@pytest.mark.parametrize("encoder", [50, 60])
def test_each_stack_has_its_own_choice(encoder: int) -> None:
    found = {"encoder_ffn_dim": encoder, "decoder_ffn_dim": 60}
    choices = read_options(found, HIDDEN, "here")
    assert choices == {"encoder_hidden": None if encoder == 60 else 50, "feedforward": {"hidden": 60}}
    assert write_options(choices, HIDDEN) == found


@pytest.mark.parametrize("missing", [{}, {"encoder_ffn_dim": None}, {"decoder_ffn_dim": None}], ids=str)
def test_a_missing_choice_of_a_stack_is_the_default_and_not_that_of_the_other(missing: dict[str, None]) -> None:
    assert read_options(missing, HIDDEN, "here") == {"encoder_hidden": None, "feedforward": {"hidden": 64}}
    for name, expected in (("encoder_ffn_dim", (50, 64)), ("decoder_ffn_dim", (64, 50))):
        choices = read_options({**missing, name: 50}, HIDDEN, "here")
        assert (choices["encoder_hidden"], choices["feedforward"]["hidden"]) == expected
