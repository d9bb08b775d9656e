"""Captures: several at once, of several passes, and what they say of patterns that had no effect."""

import threading
from typing import Any

import pytest
import torch

from cutaway.errors import UserError
from cutaway.generation.engine import Engine, Request
from cutaway.generation.sampling import Sampling
from cutaway.tap import capture, watching
from variants import EXPERTS, LAYERS, tokens, variant


def test_a_pattern_without_a_match_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"'decoder.0.self_attention.patern'.*'decoder.0.self_attention.pattern'"):
        capture(variant(), "decoder.0.self_attention.patern")


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
    assert not watching("pattern")
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_captures_nest_and_an_inner_one_sees_what_an_outer_one_made() -> None:
    model = variant().eval()
    name = "decoder.0.self_attention.mixed"
    with torch.no_grad(), capture(model, "*.mixed", edits={name: lambda _, x: x + 1}) as outer:
        model(tokens())
        with capture(model, name, edits={name: lambda _, x: 2 * x}) as inner:
            model(tokens())
        assert torch.equal(inner[name], 2 * outer[name])
        assert len(outer) == 2
        outer_alone = outer[name]
        model(tokens(seed=8))
        assert not torch.equal(outer[name], outer_alone)
    assert not watching("mixed")
    assert not any(module._forward_hooks for module in model.modules())


def test_captures_may_be_closed_in_any_order() -> None:
    model = variant().eval()
    first, second = capture(model, "*.mixed"), capture(model, "*.mixed")
    first.__enter__()
    second.__enter__()
    model(tokens())
    first.__exit__(None, None, None)
    seen = second["decoder.0.self_attention.mixed"]
    model(tokens(seed=8))
    assert not torch.equal(second["decoder.0.self_attention.mixed"], seen)
    assert first["decoder.0.self_attention.mixed"] is seen
    second.__exit__(None, None, None)
    assert not watching("mixed")


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
        engine = Engine(model, 20, rows=1)
        written = list(engine.stream(engine.submit(Request(tuple(prompt), Sampling(temperature=0.0), 4))))
    assert [x.shape[1] for x in trace.passes(name)] == [5, 1, 1, 1]
    with capture(model, name) as whole:
        model(torch.tensor([[*prompt, *written[:-1]]]))
    torch.testing.assert_close(torch.cat(trace.passes(name), dim=1), whole[name], rtol=1e-4, atol=1e-5)


AHEAD = {"multi_token_prediction": 1}


@pytest.mark.parametrize("how", ["glob", "edit", "edit of a glob"])
def test_what_had_no_effect_is_told_when_the_block_ends(how: str) -> None:
    model = variant(**AHEAD).eval()
    pattern = "multi_token_prediction.0.norm" if how == "edit" else "multi_token_prediction.*"
    given: dict[str, Any] = {"names": pattern} if how == "glob" else {"edits": {pattern: lambda _, x: x}}
    with (
        pytest.raises(UserError, match=r"'multi_token_prediction.*' had no effect: no forward pass reached"),
        capture(model, **given),
    ):
        model(tokens())
    assert not watching("norm")
    with pytest.raises(ZeroDivisionError), capture(model, **given):  # what went wrong first is what matters
        raise ZeroDivisionError


def test_single_names_that_were_not_reached_are_listed() -> None:
    model = variant(**AHEAD).eval()
    with capture(model, ["multi_token_prediction.0.norm", "*.mixed"]) as trace:
        assert len(trace.unfired) == 1 + LAYERS + 1
        model(tokens())
    assert trace.unfired == ("multi_token_prediction.0.norm", "multi_token_prediction.0.block.self_attention.mixed")
    with pytest.raises(KeyError, match=r"'multi_token_prediction.0.norm' was not captured"):
        trace["multi_token_prediction.0.norm"]


def test_other_models_and_threads_are_left_alone() -> None:
    model, other = variant(), variant()
    with capture(model, "*.mixed") as trace:
        other(tokens())
        assert len(trace) == 0
        thread = threading.Thread(target=lambda: model(tokens()))
        thread.start()
        thread.join()
        assert len(trace) == 0
        model(tokens())
        assert len(trace) == 2


def test_a_capture_that_is_open_cannot_be_opened_again() -> None:
    model = variant().eval()
    trace = capture(model, "*.mixed")
    with trace:
        with pytest.raises(RuntimeError, match="open already"):
            trace.__enter__()
        model(tokens())
    assert not any(module._forward_hooks for module in model.modules())
    with trace:  # but again later
        model(tokens())


def test_a_tap_that_is_only_shown_cannot_be_edited() -> None:
    model = variant(feedforward=EXPERTS).eval()
    with capture(model, "decoder.0.feedforward.load") as trace:
        model(tokens())
    assert trace["decoder.0.feedforward.load"].sum().item() == pytest.approx(1.0)
    edits = {"*.load": lambda _, x: x}
    with pytest.raises(UserError, match=r"'decoder.0.feedforward.load' is only shown"), capture(model, edits=edits):
        model(tokens())


def test_which_passes_are_kept_is_one_of_two_words() -> None:
    with pytest.raises(ValueError, match="keep cannot be 'every': write 'last' or 'all'"):
        capture(variant(), "*.mixed", keep="every")


def test_names_of_earlier_versions_are_aliases() -> None:
    model = variant(position="rotary").eval()
    with torch.no_grad(), capture(model, "*.weights", edits={"*.mix": lambda _, x: 0 * x}) as trace:
        model(tokens())
    assert set(trace) == {f"decoder.{i}.self_attention.pattern" for i in range(LAYERS)}
    assert trace["decoder.0.self_attention.weights"] is trace["decoder.0.self_attention.pattern"]
