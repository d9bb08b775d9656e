"""Layers, losses and caches work on their own: with few arguments, any mask, any leading shape."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cutaway.nn import (
    IGNORED,
    Attention,
    Cache,
    Geometry,
    Heads,
    LatentAttention,
    LatentHeads,
    RMSNorm,
    Rotary,
    Scoring,
    TokenPositions,
    all_to_all,
    attend,
    cross_entropy,
    geometry_of,
    token_loss,
)
from cutaway.nn.geometry import BLOCK
from cutaway.nn.layers import linear_over
from cutaway.tap import capture

B, H, G, TQ, TK, D, DV, C, V = 2, 6, 3, 5, 7, 4, 8, 10, 13
MASKS = {
    "of every head": (B, H, TQ, TK),
    "of every sequence": (B, 1, TQ, TK),
    "of every head, for all sequences": (1, H, TQ, TK),
    "of keys": (B, 1, 1, TK),
    "of queries": (1, 1, TQ, 1),
    "of queries and keys": (TQ, TK),
    "of heads, queries and keys": (H, TQ, TK),
}


def formula(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale: float) -> Tensor:
    """Attention one query at a time, in float64."""
    mask = mask.expand(len(q), q.shape[1], q.shape[2], k.shape[2])
    rows = []
    for b in range(len(q)):
        for h in range(q.shape[1]):
            group = h * k.shape[1] // q.shape[1]
            for i in range(q.shape[2]):
                keys = mask[b, h, i].nonzero().flatten().tolist()
                weights = [math.e ** (scale * (q[b, h, i] * k[b, group, j]).sum()) for j in keys]
                parts = [weight * v[b, group, j] for weight, j in zip(weights, keys, strict=True)]
                rows.append(sum(parts) / sum(weights) if keys else q.new_zeros(v.shape[3]) * q.sum())
    return torch.stack(rows).view(*q.shape[:3], v.shape[3])


def heads(queries: int = TQ, keys: int = TK) -> tuple[Tensor, ...]:
    shapes = ((B, H, queries, D), (B, G, keys, D), (B, G, keys, DV))
    return tuple(torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes)


def same_with_gradients(found: Tensor, expected: Tensor, inputs: tuple[Tensor, ...]) -> None:
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(expected)
    torch.testing.assert_close(
        torch.autograd.grad((found * weights).sum(), inputs), torch.autograd.grad((expected * weights).sum(), inputs)
    )


def test_attend_needs_queries_keys_and_values_only() -> None:
    q, k, v = inputs = heads()
    everything = torch.ones(TQ, TK, dtype=torch.bool)
    same_with_gradients(attend(q, k, v), formula(q, k, v, everything, D**-0.5), inputs)
    found = attend(q, k, v, scoring=Scoring(0.3))
    same_with_gradients(found, formula(q, k, v, everything, 0.3), inputs)


@pytest.mark.parametrize("observed", [False, True], ids=["fused", "plain"])
@pytest.mark.parametrize("shape", MASKS.values(), ids=MASKS)
def test_attend_takes_any_mask_and_a_row_without_keys_is_zeros(shape: tuple[int, ...], observed: bool) -> None:
    q, k, v = inputs = heads()
    mask = torch.rand(shape) < 0.6
    if shape[-2] == TQ:
        mask[..., 2, :] = False
    module = torch.nn.Module()
    module.taps = ("pattern",)
    module.forward = lambda: attend(q, k, v, mask=mask)
    with capture(module, "pattern" if observed else []) as trace:
        found = module()
    assert bool(trace) == observed
    same_with_gradients(found, formula(q, k, v, mask, D**-0.5), inputs)
    if shape[-2] == TQ:
        assert not found[:, :, 2].any()


def test_a_mask_and_a_geometry_both_hold() -> None:
    q, k, v = inputs = heads(keys=TQ)
    mask, triangle = torch.rand(B, 1, TQ, TQ) < 0.7, torch.ones(TQ, TQ, dtype=torch.bool).tril()
    keep = torch.tensor([[False, True, True, True, True], [True] * TQ])
    tokens = TokenPositions(torch.arange(TQ)[None], keep)
    found = attend(q, k, v, Geometry(tokens, tokens), mask=mask)
    same_with_gradients(found, formula(q, k, v, mask & triangle & keep[:, None, None], D**-0.5), inputs)
    other = torch.rand(H, 1, TQ) < 0.7
    found = attend(q, k, v, geometry_of(q[:, 0]).restricted(other), mask=mask)
    same_with_gradients(found, formula(q, k, v, mask & triangle & other, D**-0.5), inputs)


@pytest.mark.usefixtures("unchecked")
def test_a_mask_is_split_into_the_blocks_of_queries() -> None:
    tokens = 2 * BLOCK + 3
    q, k, v = (torch.randn(1, 1, tokens, D) for _ in range(3))
    for mask in (torch.rand(tokens, tokens) < 0.1, torch.rand(tokens) < 0.1, torch.rand(tokens, 1) < 0.5):
        expected = (q @ k.mT * D**-0.5).masked_fill(~mask, -1e30).softmax(dim=-1) * mask @ v
        torch.testing.assert_close(attend(q, k, v, mask=mask), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.usefixtures("unchecked")
def test_what_is_no_mask_is_refused() -> None:
    q, k, v = heads()
    with pytest.raises(ValueError, match=r"a mask is boolean.* is torch.float32: "):
        attend(q, k, v, mask=torch.zeros(TQ, TK))
    with pytest.raises(ValueError, match=r"\(B, H, Tq, Tk\), but this one has the shape \(1, 1, 1, 5, 7\)"):
        attend(q, k, v, mask=torch.ones(1, 1, 1, TQ, TK, dtype=torch.bool))


@pytest.mark.usefixtures("unchecked")
def test_a_missing_batch_dimension_is_named() -> None:
    latent = LatentAttention(C, LatentHeads(H, 4, 2, 3, 5), Scoring(1.0), (torch.nn.Identity(), RMSNorm(5)))
    x = torch.randn(1, TQ, C)
    for layer in (Attention(C, Heads(H, G, D)), latent):
        with pytest.raises(ValueError, match=r"\(B, T, C\), but here it is \(5, 10\): .* add it with x\[None\]"):
            layer(x[0], geometry_of(x))
        with pytest.raises(ValueError, match=r"\(B, T, C\), but here it is \(1, 1, 5, 10\)$"):
            layer(x[None], geometry_of(x))
    q, k, v = heads()
    with pytest.raises(ValueError, match=r"\(B, H, Tq, D\), but here it is \(6, 5, 4\): the batch dimension"):
        attend(q[0], k[0], v[0])


@pytest.mark.parametrize("causal", [True, False])
def test_an_attention_layer_alone_is_the_formula(causal: bool) -> None:
    layer, x = Attention(C, Heads(H, G, D)).double(), torch.randn(B, TQ, C, dtype=torch.float64)
    q, k, v = (one(x).unflatten(2, (-1, D)).transpose(1, 2) for one in (layer.query, layer.key, layer.value))
    mask = torch.ones(TQ, TQ, dtype=torch.bool)
    expected = layer.out(formula(q, k, v, mask.tril() if causal else mask, D**-0.5).transpose(1, 2).flatten(2))
    torch.testing.assert_close(layer(x, geometry_of(x, causal=causal)), expected)
    if not causal:
        torch.testing.assert_close(layer(x, all_to_all(TQ, TQ, x.device)), expected)


def test_the_geometry_of_padded_texts_has_their_positions() -> None:
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    layer, rotary, x = Attention(C, Heads(H, G, D), rotary=True), Rotary(D), torch.randn(B, TQ, C)
    alone = layer(x[:1, 2:], geometry_of(x[:1, 2:], rotary=rotary, window=2))
    padded = layer(x, geometry_of(x, mask, rotary=rotary, window=2))
    assert geometry_of(x, mask).queries.positions.tolist() == [[0, 0, 0, 1, 2], [0, 1, 2, 3, 4]]
    near = torch.ones(TQ, TQ, dtype=torch.bool).tril().triu(-1)
    restricted = all_to_all(TQ, TQ, x.device).restricted(near)
    torch.testing.assert_close(layer(x, geometry_of(x, window=2)), layer(x, restricted))
    torch.testing.assert_close(padded[:1, 2:], alone)
    assert (padded[:1, 2:] - layer(x, geometry_of(x, rotary=rotary, window=2))[:1, 2:]).abs().max() > 1e-3


@pytest.mark.parametrize("shape", [(), (TQ,), (B, TQ), (B, 1, TQ)], ids=str)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_token_loss_is_the_mean_over_targets(shape: tuple[int, ...], smoothing: float) -> None:
    logits = torch.randn(*shape, V, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(V, shape)
    if targets.numel() > 1:
        targets.view(-1)[1] = IGNORED
    losses = []
    for row, target in zip(logits.reshape(-1, V), targets.flatten().tolist(), strict=True):
        if target != IGNORED:
            surprise = row.exp().sum().log() - row
            losses.append((1 - smoothing) * surprise[target] + smoothing * surprise.mean())
    same_with_gradients(token_loss(logits, targets, smoothing), sum(losses) / len(losses), (logits,))


def test_token_loss_is_that_of_hidden_states() -> None:
    head, hidden, targets = linear_over(torch.nn.Parameter(torch.randn(V, C))), torch.randn(B, TQ, C), torch.ones(B, TQ)
    targets = targets.long() * torch.tensor([3, IGNORED, 5, 12, 0])
    total, count = cross_entropy(head, hidden, targets)
    torch.testing.assert_close(token_loss(head(hidden), targets), total / count)


def test_token_loss_without_targets_is_zero() -> None:
    logits = torch.randn(B, V, requires_grad=True)
    loss = token_loss(logits, torch.full((B,), IGNORED))
    loss.backward()
    assert loss == 0
    assert not logits.grad.any()


def test_token_loss_of_narrow_logits_is_computed_in_fp32() -> None:
    logits, targets = (8 * torch.randn(B, TQ, V)).bfloat16(), torch.randint(V, (B, TQ))
    expected = F.cross_entropy(logits.double().flatten(0, 1), targets.flatten())
    torch.testing.assert_close(token_loss(logits, targets).double(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("unchecked")
def test_a_cache_refuses_another_number_of_sequences() -> None:
    cache = Cache([{"key": (G, D)}], B, 9, torch.empty(0))
    with pytest.raises(ValueError, match="for 2 sequences, and these are 1"):
        cache.layers[0].update("key", torch.ones(1, G, TQ, D))


@pytest.mark.usefixtures("unchecked")
def test_a_cache_that_is_full_says_so_and_stays_as_it_is() -> None:
    cache = Cache([{"key": (G, D)}], B, 9, torch.empty(0))
    cache.layers[0].update("key", torch.ones(B, G, TK, D))
    cache.advance(TK)
    before = cache.tensors()["layers.0.key"].clone()
    for _ in range(2):
        with pytest.raises(ValueError, match="the cache has 9 slots, and 10 are needed"):
            cache.layers[0].update("key", torch.zeros(B, G, 3, D))
        with pytest.raises(ValueError, match="the cache has 9 slots, and 12 are needed"):
            cache.extend(TokenPositions(torch.arange(TQ)[None]))
    assert torch.equal(cache.tensors()["layers.0.key"], before)
    assert cache.layers[0].update("key", torch.zeros(B, G, 2, D)).shape == (B, G, 9, D)


def test_the_tensors_of_a_cache_are_its_filled_slots() -> None:
    like = torch.empty(0)
    cache = Cache([{"key": (G, D), "value": (G, DV)}] * 2, B, 9, like, Cache([{"key": (1, D)}] * 2, B, 6, like))
    assert all(tensor.shape[-2 if "layers" in name else 1] == 0 for name, tensor in cache.tensors().items())
    key = torch.randn(B, G, TQ, D)
    cache.extend(TokenPositions(torch.arange(TQ)[None]))
    cache.layers[1].update("key", key)
    cache.advance(TQ, 4)
    found = cache.tensors()
    layers = {f"layers.{i}.{name}" for i in (0, 1) for name in ("key", "value")}
    source = {"source.positions", "source.keep", "source.layers.0.key", "source.layers.1.key"}
    assert found.keys() == {"positions", "keep", *layers, *source}
    assert torch.equal(found["layers.1.key"], key)
    assert found["positions"].tolist() == [list(range(TQ))] * B
    assert found["source.layers.0.key"].shape == (B, 1, 4, D)
