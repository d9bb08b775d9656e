"""Each residual order is its equation, read off the taps of a real pass."""

from typing import Any

import torch

from cutaway.tap import capture
from variants import tokens, variant


def look(residual: str, number: int = 0, **choices: Any) -> tuple[torch.nn.Module, dict[str, torch.Tensor]]:
    """A block, and its taps by their own names."""
    model = variant(residual=residual, norm="layer", **choices).eval()
    with torch.no_grad(), capture(model, f"decoder.{number}.*") as trace:
        model(tokens())
    return model.decoder.blocks[number], {name.removeprefix(f"decoder.{number}."): x for name, x in trace.items()}


def same(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_pre_norm() -> None:
    block, taps = look("pre")
    same(taps["self_attention.input"], block.self_attention_residual.norm(taps["residual.in"]))
    same(taps["residual.after_self_attention"], taps["residual.in"] + taps["self_attention.out"])
    same(taps["feedforward.input"], block.feedforward_residual.norm(taps["residual.after_self_attention"]))
    same(taps["residual.out"], taps["residual.after_self_attention"] + taps["feedforward.out"])


@torch.no_grad()
def test_without_the_first_norm_only_the_first_attention_reads_the_stream_itself() -> None:
    block, taps = look("pre", first_norm=False)
    same(taps["self_attention.input"], taps["residual.in"])
    same(taps["residual.after_self_attention"], taps["residual.in"] + taps["self_attention.out"])
    same(taps["feedforward.input"], block.feedforward_residual.norm(taps["residual.after_self_attention"]))
    later, taps = look("pre", 1, first_norm=False)
    same(taps["self_attention.input"], later.self_attention_residual.norm(taps["residual.in"]))
    assert not torch.allclose(taps["self_attention.input"], taps["residual.in"])


@torch.no_grad()
def test_post_norm() -> None:
    block, taps = look("post")
    same(taps["self_attention.input"], taps["residual.in"])
    middle = block.self_attention_residual.norm(taps["residual.in"] + taps["self_attention.out"])
    same(taps["residual.after_self_attention"], middle)
    same(taps["feedforward.input"], middle)
    same(taps["residual.out"], block.feedforward_residual.norm(middle + taps["feedforward.out"]))


@torch.no_grad()
def test_sandwich() -> None:
    block, taps = look("sandwich")
    first, second = block.self_attention_residual, block.feedforward_residual
    same(taps["self_attention.input"], first.norm_in(taps["residual.in"]))
    middle = taps["residual.in"] + first.norm_out(taps["self_attention.out"])
    same(taps["residual.after_self_attention"], middle)
    same(taps["feedforward.input"], second.norm_in(middle))
    same(taps["residual.out"], middle + second.norm_out(taps["feedforward.out"]))


@torch.no_grad()
def test_res_post_norm() -> None:
    block, taps = look("res_post")
    first, second = block.self_attention_residual, block.feedforward_residual
    same(taps["self_attention.input"], taps["residual.in"])
    middle = taps["residual.in"] + first.norm(taps["self_attention.out"])
    same(taps["residual.after_self_attention"], middle)
    same(taps["feedforward.input"], middle)
    same(taps["residual.out"], middle + second.norm(taps["feedforward.out"]))


@torch.no_grad()
def test_parallel_with_a_norm_each() -> None:
    block, taps = look("parallel_norms")
    same(taps["self_attention.input"], block.self_attention_norm(taps["residual.in"]))
    same(taps["feedforward.input"], block.feedforward_norm(taps["residual.in"]))
    same(taps["residual.out"], taps["residual.in"] + taps["self_attention.out"] + taps["feedforward.out"])


@torch.no_grad()
def test_parallel() -> None:
    block, taps = look("parallel")
    same(taps["self_attention.input"], block.norm(taps["residual.in"]))
    same(taps["feedforward.input"], taps["self_attention.input"])
    same(taps["residual.out"], taps["residual.in"] + taps["self_attention.out"] + taps["feedforward.out"])
