"""Layers and losses are the equations of their papers, at sizes and magnitudes far from those of training."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cutaway.nn.balance import BalanceByBias, BalanceByLoss, NoBalance, attach, count_choices
from cutaway.nn.embeddings import FrameEmbedding, PatchEmbedding, TokenEmbedding
from cutaway.nn.experts import GATES, Experts, Routing
from cutaway.nn.feedforward import ACTIVATIONS, Dense, Gated
from cutaway.nn.layers import embedding_over, linear_over
from cutaway.nn.losses import (
    IGNORED,
    counted,
    cross_entropy,
    figures_of_tokens,
    judge_tokens,
    measure_tokens,
    summed,
    token_loss,
)
from cutaway.nn.norms import LayerNorm, RMSNorm, ZeroCentredRMSNorm
from cutaway.nn.positions import LearnedGrid, Sinusoidal
from cutaway.nn.residual import PostNorm, PreNorm, ResPostNorm, Sandwich
from nn import papers
from nn.papers import exact

MAGNITUDES = [1e-6, 1.0, 1e5]


def randomised(module: nn.Module) -> Any:
    """In float64, every weight random."""
    for weight in module.requires_grad_(False).parameters():
        nn.init.normal_(weight, std=0.5)
    return module.double()


def numbers(*shape: int, magnitude: float = 1.0) -> Tensor:
    return magnitude * (torch.randn(shape, dtype=torch.float64) + 0.3)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("magnitude", MAGNITUDES)
@pytest.mark.parametrize("width", [1, 3, 5000])
def test_norms(width: int, magnitude: float, dtype: torch.dtype) -> None:
    x, tolerance = numbers(2, 3, width, magnitude=magnitude).to(dtype), 1e-12 if dtype == torch.float64 else 1e-5
    rms = randomised(RMSNorm(width, epsilon=1e-6)).to(dtype)
    layer = randomised(LayerNorm(width, epsilon=1e-12)).to(dtype)
    expected = papers.rms_norm(exact(x), exact(rms.weight), 1e-6)
    np.testing.assert_allclose(exact(rms(x)), expected, atol=tolerance * max(1.0, np.abs(expected).max()))
    centred = randomised(ZeroCentredRMSNorm(width, epsilon=1e-6)).to(dtype)
    expected = papers.rms_norm(exact(x), 1 + exact(centred.weight), 1e-6)
    np.testing.assert_allclose(exact(centred(x)), expected, atol=tolerance * max(1.0, np.abs(expected).max()))
    if width > 1 or dtype == torch.float64:  # of one number, nothing but the rounding of its mean is left
        expected = papers.layer_norm(exact(x), exact(layer.weight), exact(layer.bias), 1e-12)
        np.testing.assert_allclose(exact(layer(x)), expected, atol=tolerance * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("name", papers.ACTIVATIONS)
def test_activations(name: str) -> None:
    assert papers.ACTIVATIONS.keys() == ACTIVATIONS.keys()
    x = torch.cat([torch.linspace(-9, 9, 73, dtype=torch.float64), torch.tensor([-300.0, -50.0, 50.0, 300.0])])
    found = exact(ACTIVATIONS[name](x))
    np.testing.assert_allclose(found, [papers.ACTIVATIONS[name](value) for value in x.tolist()], atol=1e-12)


def activated(name: str, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.vectorize(papers.ACTIVATIONS[name])(x)


@pytest.mark.parametrize("name", papers.ACTIVATIONS)
def test_feed_forward_networks(name: str) -> None:
    x = numbers(2, 3, 70)
    dense = randomised(Dense(70, 301, ACTIVATIONS[name]))
    gated = randomised(Gated(70, 301, ACTIVATIONS[name], bias=True))
    hidden = activated(name, papers.linear(exact(x), dense.up))
    np.testing.assert_allclose(exact(dense(x)), papers.linear(hidden, dense.down), rtol=1e-9)
    hidden = activated(name, papers.linear(exact(x), gated.gate)) * papers.linear(exact(x), gated.up)
    np.testing.assert_allclose(exact(gated(x)), papers.linear(hidden, gated.down), rtol=1e-9, atol=1e-9)


def test_residual_connections() -> None:
    x = numbers(2, 3, 600)
    one, other = randomised(LayerNorm(600, epsilon=0.1)), randomised(RMSNorm(600, epsilon=0.1))

    def layer(y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return papers.layer_norm(y, exact(one.weight), exact(one.bias), 0.1)

    def rms(y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return papers.rms_norm(y, exact(other.weight), 0.1)

    cases: dict[nn.Module, Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]] = {
        PreNorm(one, dropout=0.5).eval(): lambda y: y + layer(y) ** 3,
        PostNorm(one, dropout=0.5).eval(): lambda y: layer(y + y**3),
        ResPostNorm(one, dropout=0.5).eval(): lambda y: y + layer(y**3),
        Sandwich(one, other, dropout=0.5).eval(): lambda y: y + rms(layer(y) ** 3),
    }
    for residual, formula in cases.items():
        np.testing.assert_allclose(exact(residual(x, lambda y: y**3)), formula(exact(x)), rtol=1e-9, atol=1e-9)


def test_embedding_of_tokens() -> None:
    table = nn.Parameter(torch.randn(3000, 48))
    norm = randomised(LayerNorm(48))
    embed = randomised(TokenEmbedding(table, scale=48**0.5, segments=3, positions=Sinusoidal(48), norm=norm))
    tokens, positions, segments = (
        torch.tensor([[0, 2999, 7]]),
        torch.tensor([[5, 900, 4000]]),
        torch.tensor([[2, 0, 1]]),
    )
    rows = [
        [48**0.5 * e + s + papers.sinusoid(p, i, 48, 10_000.0) for i, (e, s) in enumerate(zip(*vectors, strict=True))]
        for vectors, p in (
            ((embed.tokens.weight[t].tolist(), embed.segments.weight[s].tolist()), p)
            for t, s, p in zip(tokens[0].tolist(), segments[0].tolist(), positions[0].tolist(), strict=True)
        )
    ]
    expected = papers.layer_norm(np.array(rows), exact(norm.weight), exact(norm.bias), 1e-5)
    np.testing.assert_allclose(exact(embed(tokens, positions, segments)[0]), expected, atol=2e-3)
    assert torch.equal(embedding_over(table)(tokens[0]), table[tokens[0]])


def test_a_projected_embedding_of_tokens() -> None:
    table = nn.Parameter(torch.randn(3000, 24))
    norm, projection = randomised(LayerNorm(24)), randomised(nn.Linear(24, 56))
    embed = randomised(TokenEmbedding(table, positions=Sinusoidal(24), norm=norm, projections=(None, projection)))
    tokens, positions = torch.tensor([[0, 2999, 7]]), torch.tensor([[5, 900, 4000]])
    rows = [
        [e + papers.sinusoid(p, i, 24, 10_000.0) for i, e in enumerate(embed.tokens.weight[t].tolist())]
        for t, p in zip(tokens[0].tolist(), positions[0].tolist(), strict=True)
    ]
    normed = papers.layer_norm(np.array(rows), exact(norm.weight), exact(norm.bias), 1e-5)
    expected = normed @ exact(projection.weight).T + exact(projection.bias)
    np.testing.assert_allclose(exact(embed(tokens, positions)[0]), expected, atol=2e-3)


def test_an_embedding_of_projected_tokens() -> None:
    table, projection = nn.Parameter(torch.randn(3000, 24)), randomised(nn.Linear(24, 56, bias=False))
    embed = randomised(
        TokenEmbedding(table, scale=3.0, segments=2, positions=Sinusoidal(56), projections=(projection, None))
    )
    tokens, positions, segments = torch.tensor([[0, 2999]]), torch.tensor([[5, 4000]]), torch.tensor([[1, 0]])
    waves = [[papers.sinusoid(p, i, 56, 10_000.0) for i in range(56)] for p in positions[0].tolist()]
    projected = 3 * exact(table[tokens[0]]) @ exact(projection.weight).T
    expected = projected + exact(embed.segments.weight[segments[0]]) + np.array(waves)
    np.testing.assert_allclose(exact(embed(tokens, positions, segments)[0]), expected, atol=2e-3)


def test_embedding_of_patches() -> None:
    side, channels, width, rows, columns = 3, 2, 20, 5, 9
    grid = LearnedGrid(rows, columns, width, before=1)
    embed = randomised(PatchEmbedding(width, side, channels, grid=grid))
    image = numbers(1, channels, rows * side, columns * side)
    expected = [exact(embed.cls) + exact(grid.before[0])]
    for row, column in np.ndindex(rows, columns):
        pixels = np.ndindex(channels, side, side)
        patch = [image[0, c, row * side + y, column * side + x].item() for c, y, x in pixels]
        expected.append(papers.linear(np.array(patch), embed.projection) + exact(grid.weight[row, column]))
    np.testing.assert_allclose(exact(embed(image, torch.arange(1 + rows * columns)[None])[0]), expected, atol=1e-12)


def test_embedding_of_frames() -> None:
    norm = randomised(RMSNorm(36))
    embed = randomised(FrameEmbedding(36, 128, positions=Sinusoidal(36), norm=norm))
    frames, places = numbers(1, 3, 128), [2, 3000, 64]
    waves = [[papers.sinusoid(place, i, 36, 10_000.0) for i in range(36)] for place in places]
    expected = papers.rms_norm(papers.linear(exact(frames[0]), embed.projection) + waves, exact(norm.weight), 1e-6)
    np.testing.assert_allclose(exact(embed(frames, torch.tensor([places]))[0]), expected, atol=2e-3)


COUNT, CHOSEN, GROUPS, OPEN = 64, 6, 8, 3


@pytest.mark.parametrize("gate", GATES)
def test_many_experts_in_groups(gate: str) -> None:
    """DeepSeek-V3, eq. 12 to 16 and section 2.1.2; the router computes in fp32."""
    routing = Routing(GATES[gate], CHOSEN, GROUPS, OPEN, scale=2.5)
    networks = [Gated(24, 5, F.silu) for _ in range(COUNT)]
    layer = randomised(Experts(24, networks, Gated(24, 10, F.silu), routing, BalanceByBias(COUNT, 0.1)))
    x = numbers(1, 40, 24)

    def network(one: Any, token: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return papers.linear(activated("silu", papers.linear(token, one.gate)) * papers.linear(token, one.up), one.down)

    for token, found in zip(exact(x[0]), exact(layer(x)[0]), strict=True):
        raw = np.exp(papers.linear(token, layer.router))
        scores = raw / raw.sum() if gate == "softmax" else raw / (1 + raw)
        wished = (scores + exact(layer.balance.bias)).reshape(GROUPS, -1)
        merits = np.sort(wished, axis=1)[:, -2:].sum(axis=1)
        best = set(np.argsort(-merits)[:OPEN].tolist())
        ranked = sorted(range(COUNT), key=lambda i: -wished.flat[i] if i // wished.shape[1] in best else math.inf)
        chosen = ranked[:CHOSEN]
        total = sum(scores[i] for i in chosen)
        routed = sum(2.5 * scores[i] / total * network(layer.experts[i], token) for i in chosen)
        np.testing.assert_allclose(found, routed + network(layer.shared, token), rtol=1e-4, atol=1e-4)


def test_balance() -> None:
    """DeepSeek-V3, eq. 17 to 20, for every sequence; and the surplus of choices."""
    batch, tokens = 2, 90
    scores = torch.rand(batch, tokens, COUNT, dtype=torch.float64)
    by_loss, by_bias = BalanceByLoss(0.7).train(), randomised(BalanceByBias(COUNT, 0.1)).train()
    choose = Routing(GATES["sigmoid"], CHOSEN).choose
    chosen, loss = by_loss(scores, choose)
    assert torch.equal(NoBalance()(scores, choose)[0], chosen)
    shares = exact(scores) / exact(scores).sum(axis=-1, keepdims=True)
    expected = 0.0
    for b, i in np.ndindex(batch, COUNT):
        load = COUNT / (CHOSEN * tokens) * sum(i in token for token in chosen[b].tolist())
        expected += 0.7 * load * shares[b, :, i].mean() * tokens
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    times = [[sum(row.count(i) for row in each) for i in range(COUNT)] for each in chosen.tolist()]
    assert count_choices(chosen, COUNT).tolist() == times
    biased, loss = by_bias(scores, choose)
    assert biased.sort().values.tolist() == [
        [sorted(sorted(range(COUNT), key=lambda i, row=row: -row[i])[:CHOSEN]) for row in each]
        for each in (exact(scores) + exact(by_bias.bias)).tolist()
    ]
    surplus = [biased.flatten().tolist().count(i) - batch * tokens * CHOSEN / COUNT for i in range(COUNT)]
    weights = exact(by_bias.bias)
    assert loss.item() == pytest.approx(2.0**-30 * COUNT * float(weights @ surplus), rel=1e-6)
    x = torch.ones(3, requires_grad=True)
    assert torch.equal(attach(x, loss), x)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("magnitude", [0.1, 30.0, 900.0])
def test_losses_of_a_large_vocabulary(magnitude: float, smoothing: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, vocabulary = 7, 20_011
    monkeypatch.setattr("cutaway.nn.losses.LOGITS_AT_ONCE", 2 * vocabulary)
    head = randomised(linear_over(nn.Parameter(torch.zeros(vocabulary, 6))))
    hidden = numbers(rows, 6, magnitude=magnitude).requires_grad_()
    targets = torch.tensor([0, IGNORED, vocabulary - 1, 77, IGNORED, 5, 10_000])
    logits = exact(hidden) @ exact(head.weight).T
    kept = [i for i in range(rows) if targets[i] != IGNORED]
    losses = [papers.surprise(logits[i], int(targets[i]), smoothing) for i in kept]
    total, count = cross_entropy(head, hidden, targets, smoothing)
    assert (total.item(), count.item()) == (pytest.approx(math.fsum(losses), rel=1e-9), len(kept))
    assert token_loss(head(hidden), targets, smoothing).item() == pytest.approx(np.mean(losses), rel=1e-9)
    states, wanted = counted(hidden, targets)
    assert torch.equal(states, hidden[kept])
    assert wanted.tolist() == [int(targets[i]) for i in kept]
    assert summed(head(states), wanted, smoothing).item() == pytest.approx(math.fsum(losses), rel=1e-9)


def test_figures_of_a_large_vocabulary() -> None:
    head = randomised(linear_over(nn.Parameter(torch.zeros(20_011, 6))))
    hidden = numbers(9, 6)
    logits = exact(hidden) @ exact(head.weight).T
    targets = torch.tensor([*logits[:4].argmax(axis=1), *logits[4:].argmin(axis=1)])
    losses = [papers.surprise(row, int(target)) for row, target in zip(logits, targets, strict=True)]
    sums = {name: float(value) for name, value in measure_tokens(head, hidden, targets).items()}
    assert sums == {"loss": pytest.approx(math.fsum(losses), rel=1e-6), "count": 9, "correct": 4}
    assert judge_tokens(head, hidden, targets)[1].tolist() == [True] * 4 + [False] * 5
    mean = math.fsum(losses) / 9
    assert figures_of_tokens(sums) == pytest.approx(
        {"loss": mean, "perplexity": math.exp(mean), "accuracy": 4 / 9}, rel=1e-5
    )
