"""Edits: another tensor in a tensor's place, felt by all that comes after it and by nothing else."""

import pytest
import torch

from cutaway.tap import capture
from variants import SOURCE_TOKENS, tokens, variant


@torch.no_grad()
def test_another_source_can_be_put_in_the_encoder_s_place() -> None:
    model = variant(architecture="encoder_decoder").eval()
    other = tokens(length=SOURCE_TOKENS, seed=4)
    with capture(model, "encoder.norm") as read:
        expected = model(tokens(), source=other)
    patch = {"encoder.norm": lambda _, x: read["encoder.norm"]}
    unpatched = model(tokens(), source=tokens(length=SOURCE_TOKENS, seed=3))
    with capture(model, edits=patch):
        patched = model(tokens(), source=tokens(length=SOURCE_TOKENS, seed=3))
    assert (patched - unpatched).abs().max() > 1e-2
    torch.testing.assert_close(patched, expected)


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

    with torch.no_grad(), capture(model, "*.mixed", edits={"decoder.0.*.pattern": silence}) as trace:
        model(tokens())
    assert names == ["decoder.0.self_attention.pattern"]
    assert (trace["decoder.0.self_attention.mixed"] == 0).all()
    assert (trace["decoder.1.self_attention.mixed"] != 0).any()


def test_an_edit_may_not_change_the_shape() -> None:
    model = variant()
    edits = {"decoder.0.feedforward.hidden": lambda _, x: x[:, :1]}
    with (
        pytest.raises(ValueError, match=r"'decoder.0.feedforward.hidden' returned shape \(3, 1, 44\)"),
        capture(model, edits=edits),
    ):
        model(tokens())
    assert model(tokens()).isfinite().all(), "all is undone"


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
