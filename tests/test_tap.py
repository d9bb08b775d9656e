"""Looking inside: the names are the listed ones, the tensors the model's own, and not looking costs nothing."""

from typing import Any

import pytest
import torch
import torch.fx.experimental._config

from cutaway.config.reading import load_preset, override, presets
from cutaway.model.build import build
from cutaway.model.transformer import EncoderDecoder
from cutaway.runs.plan import with_expected_sizes
from cutaway.tap import capture, tap, tap_names
from shown import shown
from variants import (
    EXPERTS,
    SMALLER,
    SOURCE_TOKENS,
    encoder_decoder_matrix,
    encoder_matrix,
    matrix,
    name,
    tokens,
    variant,
)

ALL_FAMILIES = [*matrix(), *encoder_matrix(), *encoder_decoder_matrix()]


def source_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """What a model needs beside tokens."""
    return {"source": tokens(length=SOURCE_TOKENS, seed=3)} if isinstance(model, EncoderDecoder) else {}


def emitted(model: torch.nn.Module, ids: torch.Tensor, **inputs: torch.Tensor) -> list[str]:
    """Names of all taps that a pass goes through, asked for or not."""
    passed = []

    class Everything(capture):
        def see(self, name: str, x: torch.Tensor, **options: Any) -> torch.Tensor:
            passed.append(self._full_name(name))
            return super().see(name, x, **options)

    with torch.no_grad(), Everything(model, "*"):
        model(ids, **inputs)
    return passed


@pytest.mark.parametrize("choices", ALL_FAMILIES, ids=name)
def test_every_listed_tap_is_emitted_once_and_no_other(choices: dict[str, Any]) -> None:
    model = variant(**choices)
    assert sorted(emitted(model, tokens(), **source_of(model))) == sorted(tap_names(model))


@pytest.mark.parametrize("preset", presets())
def test_the_list_of_taps_holds_for_every_preset(preset: str) -> None:
    has_labels = load_preset(preset).model.head.kind != "language"
    choices = ["model.head.labels=7"] if has_labels else []
    choices += [f"model.vocabulary={load_preset(preset).model.vocabulary or 65}", *SMALLER.get(preset, [])]
    config = with_expected_sizes(override(load_preset(preset), choices)).model
    unknown_is_all = torch.fx.experimental._config.patch(meta_nonzero_assume_all_nonzero=True)  # of an expert's tokens
    inputs, others = shown(config, 2, 5)
    with torch.device("meta"), unknown_is_all:
        given = {name: other.to("meta") for name, other in others.items()}
        names = emitted(model := build(config), inputs.to("meta"), **given)
    assert sorted(names) == sorted(tap_names(model))


def test_names_are_the_documented_ones() -> None:
    names = tap_names(variant(position="rotary", feedforward={"kind": "gated", "hidden": 44}))
    assert names[:2] == ["decoder.norm", "decoder.embed.tokens"]
    for one in ("query", "key", "value", "query_rotated", "key_rotated", "scores", "pattern", "mixed", "out", "input"):
        assert f"decoder.1.self_attention.{one}" in names
    for one in ("input", "gate", "hidden", "out"):
        assert f"decoder.1.feedforward.{one}" in names
    for one in ("in", "after_self_attention", "out"):
        assert f"decoder.1.residual.{one}" in names
    assert names[-1] == "head.logits"


def test_names_of_experts_are_those_of_networks_within_one() -> None:
    names = tap_names(variant(feedforward=EXPERTS))
    for one in ("input", "router", "load", "out", "experts.9.hidden", "experts.0.gate", "shared.out"):
        assert f"decoder.1.feedforward.{one}" in names
    assert "decoder.1.feedforward.hidden" not in names


def test_names_of_a_pair_say_which_stack_and_which_attention() -> None:
    names = tap_names(variant(architecture="encoder_decoder", position="rotary"))
    for one in ("input", "query", "key", "value", "scores", "pattern", "mixed", "out"):
        assert f"decoder.1.cross_attention.{one}" in names
        assert f"encoder.1.self_attention.{one}" in names
    assert "decoder.1.cross_attention.query_rotated" not in names
    assert "decoder.0.residual.after_cross_attention" in names
    assert not [one for one in names if one.startswith("encoder.") and "cross" in one]
    assert {"encoder.norm", "decoder.norm", "encoder.embed.out", "decoder.embed.out"} <= set(names)
    assert names[-1] == "head.logits"


def test_a_sequence_head_shows_what_it_pooled() -> None:
    names = tap_names(variant(architecture="encoder", head={"kind": "sequence", "labels": 5}))
    assert names[-2:] == ["head.pooled", "head.logits"]


def test_cross_weights_share_one_look_among_the_tokens_of_the_source() -> None:
    model = variant(architecture="encoder_decoder").eval()
    source_mask = torch.arange(SOURCE_TOKENS) < torch.tensor([4, SOURCE_TOKENS, 7])[:, None]
    with torch.no_grad(), capture(model, "decoder.*.cross_attention.pattern") as trace:
        model(tokens(), **source_of(model), source_mask=source_mask)
    for weights in trace.values():
        assert weights.shape == (3, 6, 13, SOURCE_TOKENS)
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 6, 13))
        assert (weights[~source_mask[:, None, None].expand_as(weights)] == 0).all()


def test_looking_changes_nothing_and_shows_the_real_numbers() -> None:
    model = variant(position="rotary").eval()
    ids = tokens()
    with torch.no_grad():
        alone = model(ids)
        with capture(model, "*") as trace:
            watched = model(ids)
    assert (watched - alone).abs().max() < 1e-5
    assert torch.equal(trace["head.logits"], watched)
    weights = trace["decoder.1.self_attention.pattern"]
    assert weights.shape == (3, 6, 13, 13)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 6, 13))
    assert (weights.triu(1) == 0).all()
    stream = trace["decoder.0.residual.after_self_attention"] + trace["decoder.0.feedforward.out"]
    torch.testing.assert_close(stream, trace["decoder.0.residual.out"])


def test_only_what_is_asked_for_is_kept_and_only_that_layer_runs_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    model = variant().eval()
    fused = torch.nn.functional.scaled_dot_product_attention
    calls = []

    def counted(*arguments: Any, **options: Any) -> torch.Tensor:
        calls.append(1)
        return fused(*arguments, **options)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", counted)
    with capture(model, "decoder.1.self_attention.pattern") as trace:
        model(tokens())
    assert list(trace) == ["decoder.1.self_attention.pattern"]
    assert len(calls) == 1, "the other layer stays fused"


def test_gradients_flow_to_what_was_captured() -> None:
    model = variant()
    with capture(model, "decoder.0.residual.out") as trace:
        logits = model(tokens())
    (gradient,) = torch.autograd.grad(logits.sum(), trace["decoder.0.residual.out"])
    assert gradient.abs().sum() > 0


def test_a_tap_is_nothing_when_nobody_watches() -> None:
    x = torch.ones(2)
    assert tap("anything", x) is x
