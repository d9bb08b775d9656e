"""Looking inside: the names are the listed ones, the tensors the model's own, and not looking costs nothing."""

import threading
from typing import Any

import pytest
import torch
import torch.fx.experimental._config

from cutaway.config.reading import load_preset, override, presets
from cutaway.errors import UserError
from cutaway.generate.decoding import CachedReader, decode
from cutaway.generate.sampling import Sampling
from cutaway.model.build import build
from cutaway.model.transformer import EncoderDecoder
from cutaway.runs.expected import with_expected_sizes
from cutaway.tap import capture, tap, tap_names, watching
from shown import shown
from support import ROOT, run_python
from variants import (
    EXPERTS,
    LAYERS,
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
        def see(self, name: str, x: torch.Tensor) -> torch.Tensor:
            passed.append(self._full_name(name))
            return super().see(name, x)

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
    for one in ("q", "k", "v", "q_rotated", "k_rotated", "scores", "weights", "mix", "out", "input"):
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
    for one in ("input", "q", "k", "v", "scores", "weights", "mix", "out"):
        assert f"decoder.1.cross_attention.{one}" in names
        assert f"encoder.1.self_attention.{one}" in names
    assert "decoder.1.cross_attention.q_rotated" not in names
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
    with torch.no_grad(), capture(model, "decoder.*.cross_attention.weights") as trace:
        model(tokens(), **source_of(model), source_mask=source_mask)
    for weights in trace.values():
        assert weights.shape == (3, 6, 13, SOURCE_TOKENS)
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 6, 13))
        assert (weights[~source_mask[:, None, None].expand_as(weights)] == 0).all()


@torch.no_grad()
def test_another_source_can_be_put_in_the_encoder_s_place() -> None:
    model = variant(architecture="encoder_decoder").eval()
    other = tokens(length=SOURCE_TOKENS, seed=4)
    with capture(model, "encoder.norm") as read:
        expected = model(tokens(), source=other)
    patch = {"encoder.norm": lambda _, x: read["encoder.norm"]}
    unpatched = model(tokens(), **source_of(model))
    with capture(model, edits=patch):
        patched = model(tokens(), **source_of(model))
    assert (patched - unpatched).abs().max() > 1e-2
    torch.testing.assert_close(patched, expected)


def test_looking_changes_nothing_and_shows_the_real_numbers() -> None:
    model = variant(position="rotary").eval()
    ids = tokens()
    with torch.no_grad():
        alone = model(ids)
        with capture(model, "*") as trace:
            watched = model(ids)
    assert (watched - alone).abs().max() < 1e-5
    assert torch.equal(trace["head.logits"], watched)
    weights = trace["decoder.1.self_attention.weights"]
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
    with capture(model, "decoder.1.self_attention.weights") as trace:
        model(tokens())
    assert list(trace) == ["decoder.1.self_attention.weights"]
    assert len(calls) == 1, "the other layer stays fused"


def test_an_edit_takes_the_tensors_place() -> None:
    model = variant(residual="pre").eval()
    ids = tokens()
    with torch.no_grad():
        with capture(model, "decoder.0.residual.out") as source:
            model(tokens(seed=8))
        patch = {"decoder.0.residual.out": lambda _, x: source["decoder.0.residual.out"]}
        with capture(model, "decoder.0.residual.out", edits=patch) as trace:
            patched = model(ids)
        assert torch.equal(trace["decoder.0.residual.out"], source["decoder.0.residual.out"])
        torch.testing.assert_close(patched, model(tokens(seed=8)))


def test_an_edit_of_the_weights_is_felt_without_recording_them() -> None:
    model = variant().eval()
    names: list[str] = []

    def silence(full: str, x: torch.Tensor) -> torch.Tensor:
        names.append(full)
        return torch.zeros_like(x)

    with torch.no_grad(), capture(model, "*.mix", edits={"decoder.0.*.weights": silence}) as trace:
        model(tokens())
    assert names == ["decoder.0.self_attention.weights"]
    assert (trace["decoder.0.self_attention.mix"] == 0).all()
    assert (trace["decoder.1.self_attention.mix"] != 0).any()


def test_an_edit_may_not_change_the_shape() -> None:
    model = variant()
    edits = {"decoder.0.feedforward.hidden": lambda _, x: x[:, :1]}
    with (
        pytest.raises(ValueError, match=r"'decoder.0.feedforward.hidden' returned shape \(3, 1, 44\)"),
        capture(model, edits=edits),
    ):
        model(tokens())
    assert model(tokens()).isfinite().all(), "all is undone"


def test_gradients_flow_to_what_was_captured() -> None:
    model = variant()
    with capture(model, "decoder.0.residual.out") as trace:
        logits = model(tokens())
    (gradient,) = torch.autograd.grad(logits.sum(), trace["decoder.0.residual.out"])
    assert gradient.abs().sum() > 0


def test_a_pattern_without_a_match_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"'decoder.0.self_attention.wights'.*'decoder.0.self_attention.weights'"):
        capture(variant(), "decoder.0.self_attention.wights")


def test_a_name_that_was_not_captured_names_the_nearest() -> None:
    model = variant()
    with capture(model, "decoder.*.residual.out") as trace:
        model(tokens())
    with pytest.raises(KeyError, match=r"did you mean 'decoder.0.residual.out'"):
        trace["decoder.0.residual.ou"]


def test_everything_is_undone_even_after_an_error() -> None:
    model = variant()
    with pytest.raises(ZeroDivisionError), capture(model, "*"):
        raise ZeroDivisionError
    assert not watching("weights")
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_captures_nest_and_an_inner_one_sees_what_an_outer_one_made() -> None:
    model = variant().eval()
    name = "decoder.0.self_attention.mix"
    with torch.no_grad(), capture(model, "*.mix", edits={name: lambda _, x: x + 1}) as outer:
        model(tokens())
        with capture(model, name, edits={name: lambda _, x: 2 * x}) as inner:
            model(tokens())
        assert torch.equal(inner[name], 2 * outer[name])
        assert len(outer) == 2
        outer_alone = outer[name]
        model(tokens(seed=8))
        assert not torch.equal(outer[name], outer_alone)
    assert not watching("mix")
    assert not any(module._forward_hooks for module in model.modules())


def test_captures_may_be_closed_in_any_order() -> None:
    model = variant().eval()
    first, second = capture(model, "*.mix"), capture(model, "*.mix")
    first.__enter__()
    second.__enter__()
    model(tokens())
    first.__exit__(None, None, None)
    seen = second["decoder.0.self_attention.mix"]
    model(tokens(seed=8))
    assert not torch.equal(second["decoder.0.self_attention.mix"], seen)
    assert first["decoder.0.self_attention.mix"] is seen
    second.__exit__(None, None, None)
    assert not watching("mix")


def test_of_several_passes_the_last_is_kept_or_all() -> None:
    model = variant().eval()
    name = "decoder.1.residual.out"
    with torch.no_grad():
        with capture(model, name) as last:
            for seed in (1, 8, 9):
                model(tokens(seed=seed))
        with capture(model, name, keep="all") as every:
            for seed in (1, 8, 9):
                model(tokens(seed=seed))
    assert len(last.passes(name)) == 1
    assert len(every.passes(name)) == 3
    assert torch.equal(every[name], last[name])
    assert not torch.equal(every.passes(name)[0], every.passes(name)[1])
    with pytest.raises(KeyError, match=r"did you mean 'decoder.1.residual.out'"):
        every.passes("decoder.1.residual.ou")


@torch.no_grad()
def test_all_passes_of_a_generation_are_those_of_reading_it_at_once() -> None:
    model, name = variant(position="rotary").eval(), "decoder.1.residual.out"
    prompt = tokens(batch=1, length=5)[0].tolist()
    with capture(model, name, keep="all") as trace:
        steps = decode(CachedReader(model, 20), [prompt], Sampling(temperature=0.0), 4)
        written = [token for step in steps for token in step]
    assert [x.shape[1] for x in trace.passes(name)] == [5, 1, 1, 1]
    with capture(model, name) as whole:
        model(torch.tensor([[*prompt, *written[:-1]]]))
    torch.testing.assert_close(torch.cat(trace.passes(name), dim=1), whole[name], rtol=1e-4, atol=1e-5)


AHEAD = {"ahead": 1}


@pytest.mark.parametrize("how", ["glob", "edit", "edit of a glob"])
def test_what_had_no_effect_is_told_when_the_block_ends(how: str) -> None:
    model = variant(**AHEAD).eval()
    pattern = "ahead.0.norm" if how == "edit" else "ahead.*"
    given: dict[str, Any] = {"names": pattern} if how == "glob" else {"edits": {pattern: lambda _, x: x}}
    with pytest.raises(UserError, match=r"'ahead.*' had no effect: no forward pass reached"), capture(model, **given):
        model(tokens())
    assert not watching("norm")
    with pytest.raises(ZeroDivisionError), capture(model, **given):  # what went wrong first is what matters
        raise ZeroDivisionError


def test_single_names_that_were_not_reached_are_listed() -> None:
    model = variant(**AHEAD).eval()
    with capture(model, ["ahead.0.norm", "*.mix"]) as trace:
        assert len(trace.unfired) == 1 + LAYERS + 1
        model(tokens())
    assert trace.unfired == ("ahead.0.norm", "ahead.0.block.self_attention.mix")
    with pytest.raises(KeyError, match=r"'ahead.0.norm' was not captured"):
        trace["ahead.0.norm"]


def test_an_edit_in_place_is_felt_and_touches_nothing_else() -> None:
    model = variant(residual="post").eval()  # what attention reads is the stream itself
    names = ["decoder.0.self_attention.input", "decoder.0.residual.in"]

    def double(_: str, x: torch.Tensor) -> None:
        x.mul_(2)

    with torch.no_grad():
        with capture(model, names, edits={names[0]: double}) as in_place:
            found = model(tokens())
        with capture(model, edits={names[0]: lambda _, x: 2 * x}):
            expected = model(tokens())
        plain = model(tokens())
    assert torch.equal(found, expected)
    assert (found - plain).abs().max() > 1e-2
    torch.testing.assert_close(in_place[names[0]], 2 * in_place[names[1]])


def test_gradients_flow_through_an_edit_in_place() -> None:
    model = variant()

    def clear(_: str, x: torch.Tensor) -> None:
        x[:, 3:] = 0

    with capture(model, edits={"decoder.0.feedforward.hidden": clear}):
        model(tokens()).sum().backward()
    assert model.decoder.get_submodule("0").feedforward.up.weight.grad.abs().sum() > 0


def test_an_edit_that_returns_something_else_is_named() -> None:
    model = variant()
    with (
        pytest.raises(TypeError, match=r"'decoder.0.feedforward.out' returned float: return a tensor"),
        capture(model, edits={"decoder.0.feedforward.out": lambda _, x: 0.0}),
    ):
        model(tokens())


def test_other_models_and_threads_are_left_alone() -> None:
    model, other = variant(), variant()
    with capture(model, "*.mix") as trace:
        other(tokens())
        assert len(trace) == 0
        thread = threading.Thread(target=lambda: model(tokens()))
        thread.start()
        thread.join()
        assert len(trace) == 0
        model(tokens())
        assert len(trace) == 2


def test_a_tap_is_nothing_when_nobody_watches() -> None:
    x = torch.ones(2)
    assert tap("anything", x) is x


COMPILED = f"""
import sys

sys.path.insert(0, {str(ROOT / "tests")!r})
import torch
from variants import tokens, variant
import cutaway.tap
from cutaway.tap import capture

graphs = []
def backend(graph, inputs):
    graphs.append(graph.code)
    return graph

torch.set_grad_enabled(False)
model = variant(position="rotary", residual="pre").eval()
expected = model(tokens())
model.compile(backend=backend, fullgraph=True)
torch.testing.assert_close(model(tokens()), expected)
assert len(graphs) == 1, "one graph, without a break"
with capture(model, "*.weights") as trace:
    torch.testing.assert_close(model(tokens()), expected)
assert len(trace) == 2, list(trace)
torch.testing.assert_close(model(tokens()), expected)
assert len(graphs) == 1, "capture compiled nothing anew"

import cutaway.nn.attend, cutaway.nn.attention, cutaway.nn.feedforward, cutaway.nn.embeddings
import cutaway.model.block, cutaway.model.stack, cutaway.model.heads
for module in (cutaway.nn.attend, cutaway.nn.attention, cutaway.nn.feedforward, cutaway.nn.embeddings,
               cutaway.model.block, cutaway.model.stack, cutaway.model.heads):
    module.tap = lambda name, x: x
cutaway.nn.attend.watching = lambda *names: False
torch._dynamo.reset()
model.compile(backend=backend, fullgraph=True)
model(tokens())
assert len(graphs) == 2
assert graphs[0] == graphs[1], "the graph with taps is the graph without"
print("passed")
"""


def test_the_compiled_graph_holds_no_tap_and_capture_compiles_nothing() -> None:
    assert run_python(COMPILED).endswith("passed\n")
