"""Attention sees distances, not places, where its position scheme says so; and each group serves its own queries."""

import pytest
import torch

from cutaway.nn.attention import Attention, Heads
from cutaway.nn.dot_product import Scoring
from cutaway.nn.geometry import Geometry, TokenPositions
from cutaway.nn.positions import ALiBi, BiasesScores, RelativeBias, Rotary, Rotates
from cutaway.tap import capture

WIDTH, HEADS, GROUPS, HEAD_WIDTH, TOKENS = 20, 6, 3, 8, 11


def attention(*, rotary: bool) -> Attention:
    return Attention(WIDTH, Heads(HEADS, GROUPS, HEAD_WIDTH), Scoring(scale=0.4), bias=True, rotary=rotary)


def geometry(first: int, rotary: Rotates | None = None, biases: BiasesScores | None = None) -> Geometry:
    """A causal text whose first token stands at this position."""
    places = TokenPositions(torch.arange(first, first + TOKENS)[None])
    return Geometry(places, places, rotation=None if rotary is None else rotary(places.positions), biases=biases)


@pytest.mark.parametrize("scheme", ["rotary", "alibi", "relative"])
def test_moving_a_whole_text_changes_nothing_but_moving_half_of_it_does(scheme: str) -> None:
    rotary = Rotary(HEAD_WIDTH, base=50.0) if scheme == "rotary" else None
    biases = {"alibi": ALiBi(HEADS), "relative": RelativeBias(HEADS)}.get(scheme)
    if isinstance(biases, RelativeBias):
        torch.nn.init.normal_(biases.table.weight)
    module, x = attention(rotary=rotary is not None), torch.randn(2, TOKENS, WIDTH)
    here = module(x, geometry(0, rotary, biases))
    torch.testing.assert_close(module(x, geometry(7, rotary, biases)), here, atol=1e-5, rtol=1e-4)
    torn = TokenPositions(torch.cat([torch.arange(5), torch.arange(9, 9 + TOKENS - 5)])[None])
    far = Geometry(torn, torn, rotation=None if rotary is None else rotary(torn.positions), biases=biases)
    assert (module(x, far)[:, 5:] - here[:, 5:]).abs().max() > 1e-3


def test_a_key_value_head_serves_the_query_heads_of_its_group() -> None:
    module, x = attention(rotary=False), torch.randn(2, TOKENS, WIDTH)
    with torch.no_grad(), capture(module, "mixed") as before:
        module(x, geometry(0))
    with torch.no_grad(), capture(module, "mixed") as after:
        module.value.weight[HEAD_WIDTH : 2 * HEAD_WIDTH] += 1  # of the second of three
        module(x, geometry(0))
    changed = (before["mixed"] != after["mixed"]).transpose(0, 1).flatten(1).any(dim=1)  # (B, H, T, D) -> (H,)
    assert changed.tolist() == [False, False, True, True, False, False]
