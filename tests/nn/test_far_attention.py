"""Attention is the equation of its papers: at far positions, in long texts, with every choice at once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cutaway.nn.attention import Attention, Heads, JointNorm, split_heads
from cutaway.nn.cache import Cache
from cutaway.nn.dot_product import Scoring, attend
from cutaway.nn.frequencies import llama3
from cutaway.nn.geometry import BLOCK, Geometry, TokenPositions, all_to_all, geometry_of, token_positions
from cutaway.nn.latent import LatentAttention, LatentHeads
from cutaway.nn.layers import linear_over
from cutaway.nn.norms import RMSNorm
from cutaway.nn.positions import ALiBi, RelativeBias, Rotary
from cutaway.tap import capture
from nn import papers

PLACES = [0, 1, 5, 62, 63, 64, 90, 163, 164, 165, 1500, 1590, 1599, 3000]
POSITIONS = TokenPositions(torch.tensor([PLACES]))
T, C, H, G, D, WINDOW, BASE = len(PLACES), 28, 6, 2, 10, 100, 10_000.0
LLAMA3 = {"factor": 4.0, "slow": 1.0, "fast": 4.0, "context": 512}
ANGLES = 2e-3
"""How far results may differ where angles are rounded to fp32 at position 3,000."""


def randomised(module: nn.Module) -> Any:
    """In float64, every weight random: norms and biases too."""
    for weight in module.requires_grad_(False).parameters():
        nn.init.normal_(weight, std=0.4)
    return module.double()


def texts(tokens: int = T) -> Tensor:
    return torch.randn(1, tokens, C, dtype=torch.float64)


def heads_of(x: np.ndarray[Any, Any], width: int) -> np.ndarray[Any, Any]:
    """(T, H · D) as (H, T, D)."""
    return x.reshape(len(x), -1, width).swapaxes(0, 1)


def may(positions: list[int], *, causal: bool, window: int | None) -> Callable[[int, int], bool]:
    """Whether token i may attend to token j."""

    def allowed(i: int, j: int) -> bool:
        distance = positions[i] - positions[j]
        return (distance >= 0 or not causal) and (window is None or -window < distance < window)

    return allowed


def both_ways(run: Callable[[], Tensor], module: nn.Module, name: str = "pattern") -> list[Tensor]:
    """By the fused kernel, and by the plain equation, which runs under a capture."""
    fused = run()
    with capture(module, name):
        return [fused, run()]


def test_a_joint_norm() -> None:
    x, norm = texts(), randomised(RMSNorm(C, epsilon=0.1))
    expected = heads_of(papers.rms_norm(papers.exact(x[0]), papers.exact(norm.weight), 0.1), 7)
    np.testing.assert_allclose(papers.exact(JointNorm(norm)(split_heads(x, 7))[0]), expected, atol=1e-12)


@pytest.mark.parametrize("softcap", [None, 1.5])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("window", [None, WINDOW])
def test_grouped_attention_with_rotation_and_norms(window: int | None, causal: bool, softcap: float | None) -> None:
    norms = (RMSNorm(D, epsilon=0.1), RMSNorm(D, epsilon=0.1))
    scoring = Scoring(0.7, softcap)
    layer = randomised(Attention(C, Heads(H, G, D), scoring, bias=True, out_bias=True, norms=norms, rotary=True))
    x = texts()
    rotary = Rotary(D, base=BASE, scaling=llama3(**LLAMA3))
    geometry = Geometry(POSITIONS, POSITIONS, causal, window, rotary(POSITIONS.positions))
    if window is not None:  # without a mask, positions are taken to follow one another
        kept = TokenPositions(POSITIONS.positions, torch.ones(1, T, dtype=torch.bool))
        geometry = Geometry(kept, kept, causal, window, geometry.rotation)
    angles = [papers.llama3(angle, *LLAMA3.values()) for angle in papers.frequencies(D, BASE)]
    q, k, v = (heads_of(papers.linear(papers.exact(x[0]), one), D) for one in (layer.query, layer.key, layer.value))
    q, k = (
        papers.rms_norm(one, papers.exact(norm.weight), 0.1) for one, norm in ((q, layer.q_norm), (k, layer.k_norm))
    )
    q, k = (np.stack([papers.rotated(head, PLACES, angles) for head in one]) for one in (q, k))
    mixed = papers.attention(q, k, v, may(PLACES, causal=causal, window=window), papers.Scores(0.7, softcap))
    expected = papers.linear(mixed.swapaxes(0, 1).reshape(T, H * D), layer.out)
    for found in both_ways(lambda: layer(x, geometry), layer):
        np.testing.assert_allclose(papers.exact(found[0]), expected, atol=ANGLES)


@pytest.mark.parametrize("softcap", [None, 1.5])
@pytest.mark.parametrize("scheme", ["none", "alibi", "relative"])
@pytest.mark.usefixtures("unchecked")
def test_long_texts_with_biases(scheme: str, softcap: float | None) -> None:
    """Longer than a block of queries, so that masks and biases are made block by block."""
    tokens, window, heads = BLOCK + 70, 300, 2
    q, k, v = (torch.randn(1, count, tokens, 3, dtype=torch.float64) for count in (heads, 1, 1))
    relative = randomised(RelativeBias(heads, buckets=16, distance=200))
    biases = {"alibi": ALiBi(heads).double(), "relative": relative}.get(scheme)
    distances = np.arange(tokens)[:, None] - np.arange(tokens)
    bias = None
    if scheme == "alibi":
        bias = np.stack([-slope * np.abs(distances) for slope in papers.alibi_slopes(heads)])
    if scheme == "relative":
        buckets = [papers.t5_bucket(past, 16, 200, False) for past in range(tokens)]
        bias = papers.exact(relative.table.weight).T[:, np.array(buckets)[distances.clip(min=0)]]
    geometry = geometry_of(q[:, 0], window=window, biases=biases)
    expected = papers.attention(
        *(papers.exact(one[0]) for one in (q, k, v)),
        may(list(range(tokens)), causal=True, window=window),
        papers.Scores(0.9, softcap, bias),
    )
    np.testing.assert_allclose(papers.exact(attend(q, k, v, geometry, Scoring(0.9, softcap))[0]), expected, atol=1e-6)


@pytest.mark.parametrize("tokens", [65, BLOCK + 3])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.usefixtures("unchecked")
def test_long_texts_without_a_mask(causal: bool, tokens: int) -> None:
    q, k, v = (torch.randn(1, count, tokens, 3, dtype=torch.float64) for count in (2, 1, 1))
    geometry = geometry_of(q[:, 0]) if causal else all_to_all(tokens, tokens, q.device)
    numbers = (papers.exact(one[0]) for one in (q, k, v))
    allowed = may(list(range(tokens)), causal=causal, window=None)
    expected = papers.attention(*numbers, allowed, papers.Scores(3**-0.5))
    np.testing.assert_allclose(papers.exact(attend(q, k, v, geometry)[0]), expected, atol=1e-12)


@pytest.mark.parametrize("window", [None, 70])
@pytest.mark.parametrize("causal", [True, False])
def test_masks_of_long_padded_packed_texts(causal: bool, window: int | None) -> None:
    """Which tokens attend to which, by counting in Python."""
    lengths, padding, tokens = ((90, 1, 64, 70), (150, 33)), (0, 42), 225
    keep, documents, places = [], [], []
    for each, first in zip(lengths, padding, strict=True):
        keep.append([0] * first + [1] * sum(each))
        documents.append(
            [7] * first + [name for name, count in zip((3, 1, 2, 1), each, strict=False) for _ in range(count)]
        )
        places.append([(None, None)] * first + [(n, p) for n, count in enumerate(each) for p in range(count)])
    own = token_positions(torch.zeros(2, tokens), torch.tensor(keep), torch.tensor(documents))
    mask = Geometry(own, own, causal, window).mask[:, 0]
    for row in range(2):
        for i in range(padding[row], tokens):
            for j in range(tokens):
                (document, place), (other, there) = places[row][i], places[row][j]
                near = document == other and there is not None
                near = near and (place >= there or not causal) and (window is None or abs(place - there) < window)
                assert bool(mask[row, i, j]) == near, (row, i, j)
        assert own.positions[row, padding[row] :].tolist() == [place for _, place in places[row][padding[row] :]]


HEADS = LatentHeads(count=4, width=7, rotary=6, value=9, rank=11, query_rank=13)


def latent_layer(softcap: float | None) -> LatentAttention:
    norms = (RMSNorm(13, epsilon=0.1), RMSNorm(11, epsilon=0.1))
    return randomised(LatentAttention(C, HEADS, Scoring(0.6, softcap), norms, bias=True, out_bias=True, rotary=True))


def written_out(layer: LatentAttention, x: np.ndarray[Any, Any], softcap: float | None) -> np.ndarray[Any, Any]:
    """DeepSeek-V2, eq. 37 to 47, for (T, C)."""
    angles = papers.frequencies(HEADS.rotary, BASE)
    latent_q = papers.rms_norm(papers.linear(x, layer.query_down), papers.exact(layer.query_norm.weight), 0.1)
    queries = heads_of(papers.linear(latent_q, layer.query), HEADS.width + HEADS.rotary)
    latent = papers.rms_norm(papers.linear(x, layer.latent_down), papers.exact(layer.latent_norm.weight), 0.1)
    shared = papers.rotated(papers.linear(x, layer.rotary_key), PLACES, angles)
    keys = heads_of(papers.linear(latent, layer.key), HEADS.width)
    values = heads_of(papers.linear(latent, layer.value), HEADS.value)
    q = [np.hstack([one[:, : HEADS.width], papers.rotated(one[:, HEADS.width :], PLACES, angles)]) for one in queries]
    k = [np.hstack([one, shared]) for one in keys]
    allowed = may(PLACES, causal=True, window=None)
    mixed = papers.attention(np.stack(q), np.stack(k), values, allowed, papers.Scores(0.6, softcap))
    return papers.linear(mixed.swapaxes(0, 1).reshape(len(x), -1), layer.out)


@pytest.mark.parametrize("softcap", [None, 1.5])
def test_latent_attention_expanded_and_absorbed(softcap: float | None) -> None:
    layer, x, rotary = latent_layer(softcap), texts(), Rotary(HEADS.rotary, base=BASE)
    expected = written_out(layer, papers.exact(x[0]), softcap)
    geometry = Geometry(POSITIONS, POSITIONS, rotation=rotary(POSITIONS.positions))
    for found in both_ways(lambda: layer(x, geometry), layer):
        np.testing.assert_allclose(papers.exact(found[0]), expected, atol=ANGLES)
    cache, decoded = Cache([layer.cache_shapes()], 1, T, x), []
    for start, end in ((0, 9), *((t, t + 1) for t in range(9, T))):
        own = POSITIONS[start:end]
        places = Geometry(own, cache.extend(own), rotation=rotary(own.positions))
        decoded.append(layer(x[:, start:end], places, cache.layers[0]))
        cache.advance(end - start)
    np.testing.assert_allclose(papers.exact(torch.cat(decoded, dim=1)[0]), expected, atol=ANGLES)


def test_heads_lie_side_by_side() -> None:
    x = torch.randn(2, 70, 24)
    heads = split_heads(x, 6)
    for b, h, t, d in np.ndindex(2, 4, 70, 6):
        assert heads[b, h, t, d] == x[b, t, 6 * h + d]


def test_a_layer_over_a_parameter_multiplies_with_it() -> None:
    layer = randomised(linear_over(nn.Parameter(torch.zeros(33, 400)), bias=True))
    x = torch.randn(5, 400, dtype=torch.float64)
    expected = [
        [sum(a * b for a, b in zip(row, weight, strict=True)) for weight in layer.weight.tolist()] for row in x.tolist()
    ]
    np.testing.assert_allclose(papers.exact(layer(x)), np.array(expected) + papers.exact(layer.bias), atol=1e-12)
