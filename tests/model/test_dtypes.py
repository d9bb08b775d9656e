"""Models of 16 bits compute what the same models of fp32 do, whatever their choices, captured or not."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cutaway.tap import capture
from pairwise import pairwise
from variants import EXPERTS, LATENT, NORMS, POSITIONS, TOKENS, name, tokens, variant

EPSILONS = {torch.bfloat16: 2**-8, torch.float16: 2**-11}
"""The largest relative error of rounding, by dtype."""
MASK = torch.arange(TOKENS) >= torch.tensor([0, 8, 4])[:, None]
CHOICES = {
    "position": POSITIONS,
    "norm": NORMS,
    "dtype": list(EPSILONS),
    "captured": [False, True],
    "architecture": ["decoder", "encoder", "encoder_decoder"],
    "attention": [{}, {"kv_heads": 3, "window": 5}, {"softcap": 2.0}, {"qk_norm": True}, LATENT],
    "feedforward": [{"kind": "dense"}, {"kind": "gated"}, EXPERTS],
    "head": [{}, {"bias": True, "softcap": 3.0, "tied": False}],
}
LABELS = {"kind": "sequence", "labels": 3, "pooling": "mean", "hidden": True}
PATCHES = {"kind": "patches", "patch": 2, "channels": 3, "height": 6, "width": 8}
CLASSIFIER = {"architecture": "encoder", "head": LABELS}
FRAMES = CLASSIFIER | {"embedding": {"kind": "frames", "bins": 7}}
IMAGES = CLASSIFIER | {"embedding": PATCHES}
GRAPHS = CLASSIFIER | {"position": {"kind": "shortest_path", "max_distance": 4}}
CAPTIONS = {"architecture": "encoder_decoder", "source_embedding": PATCHES}
FRAME, PIXELS = torch.randn(3, TOKENS, 7), torch.randn(3, 3, 6, 8)
NUMBERS: dict[str, tuple[dict[str, Any], Tensor, dict[str, Tensor]]] = {
    "frames": (FRAMES, FRAME, {"attention_mask": MASK}),
    "frames, learned": (FRAMES | {"position": "learned"}, FRAME, {"attention_mask": MASK}),
    "images": (IMAGES | {"position": "learned"}, PIXELS, {}),
    "larger images": (IMAGES | {"position": "learned"}, torch.randn(3, 3, 8, 10), {}),
    "captions": (CAPTIONS, tokens(), {"source": PIXELS}),
    "graphs": (GRAPHS, tokens(), {"distances": torch.randint(-1, 5, (3, TOKENS, TOKENS)), "attention_mask": MASK}),
}
"""Models that read more than tokens: their choices, their inputs, in fp32 as data are, and other arguments."""


def watched(model: nn.Module, captured: bool) -> AbstractContextManager[Any]:
    return capture(model, "*") if captured else nullcontext({})


def assert_near(found: Tensor, expected: Tensor, dtype: torch.dtype) -> None:
    """Compares most numbers: a token may be sent to another expert."""
    assert found.dtype == dtype
    assert found.isfinite().all()
    assert (found.float() - expected).abs().median() <= 4 * EPSILONS[dtype] * expected.abs().max()


@pytest.mark.parametrize("choices", list(pairwise(CHOICES)), ids=name)
@torch.no_grad()
def test_any_position_scheme_norm_and_dtype(choices: dict[str, Any]) -> None:
    choices = dict(choices)
    dtype, captured = choices.pop("dtype"), choices.pop("captured")
    model = variant(**choices).eval()
    given = {"source": tokens(length=11, seed=3)} if choices["architecture"] == "encoder_decoder" else {}
    expected = model(tokens(), attention_mask=MASK, **given)
    with watched(model.to(dtype), captured) as trace:
        found = model(tokens(), attention_mask=MASK, **given)
    assert bool(trace) == captured
    assert_near(found[MASK], expected[MASK], dtype)
    assert {x.dtype for key, x in trace.items() if key.endswith((".scores", ".pattern"))} <= {dtype}


@pytest.mark.parametrize("captured", [False, True])
@pytest.mark.parametrize("dtype", EPSILONS, ids=str)
@pytest.mark.parametrize("kind", NUMBERS)
@torch.no_grad()
def test_numbers_and_graphs_are_read(kind: str, dtype: torch.dtype, captured: bool) -> None:
    choices, inputs, others = NUMBERS[kind]
    model = variant(**choices).eval()
    expected = model(inputs, **others)
    with watched(model.to(dtype), captured):
        found = model(inputs, **others)
    assert_near(found, expected, dtype)


@pytest.mark.parametrize("captured", [False, True])
@pytest.mark.parametrize("attention", [{}, {"softcap": 2.0}, LATENT], ids=name)
@pytest.mark.parametrize("position", POSITIONS)
@torch.no_grad()
def test_decoding_from_a_cache(position: str, attention: dict[str, Any], captured: bool) -> None:
    model = variant(position=position, attention=attention).eval()
    expected = model(tokens())[:, 5:6]
    cache = model.bfloat16().make_cache(3, 6)
    with watched(model, captured):
        model(tokens()[:, :5], cache=cache)
        found = model(tokens()[:, 5:6], cache=cache)
    assert_near(found, expected, torch.bfloat16)


@pytest.mark.parametrize("dtype", EPSILONS, ids=str)
@pytest.mark.parametrize("position", POSITIONS)
def test_gradients_exist_for_every_weight_under_a_capture(position: str, dtype: torch.dtype) -> None:
    model = variant(position=position).to(dtype)
    with capture(model, "*.scores"):
        model(tokens()).float().square().sum().backward()
    assert all(weight.grad is not None and weight.grad.dtype == dtype for weight in model.parameters())
