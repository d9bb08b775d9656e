"""The fused norms are their equations, gradients included."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from cutaway.nn.norms import LayerNorm, RMSNorm


def layer_equation(x: Tensor, norm: LayerNorm) -> Tensor:
    y = (x - x.mean(dim=-1, keepdim=True)) / (x.var(dim=-1, keepdim=True, correction=0) + norm.epsilon).sqrt()
    y = y if norm.weight is None else y * norm.weight
    return y if norm.bias is None else y + norm.bias


def rms_equation(x: Tensor, norm: RMSNorm) -> Tensor:
    y = x / (x.square().mean(dim=-1, keepdim=True) + norm.epsilon).sqrt()
    return y if norm.weight is None else y * norm.weight


CASES: dict[str, tuple[nn.Module, Callable[..., Tensor]]] = {
    "layer": (LayerNorm(7, epsilon=0.3), layer_equation),
    "layer without bias": (LayerNorm(7, epsilon=0.3, bias=False), layer_equation),
    "layer without weights": (LayerNorm(7, epsilon=0.3, weight=False, bias=False), layer_equation),
    "rms": (RMSNorm(7, epsilon=0.3), rms_equation),
    "rms without weights": (RMSNorm(7, epsilon=0.3, weight=False), rms_equation),
}


@pytest.mark.parametrize("case", CASES)
def test_norms_are_their_equations_with_gradients(case: str) -> None:
    norm, equation = CASES[case]
    for weight in norm.parameters():
        nn.init.normal_(weight)
    x, pull = torch.randn(3, 5, 7, dtype=torch.float64, requires_grad=True), torch.randn(3, 5, 7)
    norm.to(torch.float64)
    results = []
    for compute in (norm, lambda x: equation(x, norm)):
        norm.zero_grad()
        y = compute(x)
        (gradient,) = torch.autograd.grad((y * pull).sum(), x, retain_graph=True)
        weights = torch.autograd.grad((y * pull).sum(), list(norm.parameters())) if list(norm.parameters()) else ()
        results.append((y, gradient, *weights))
    for fast, plain in zip(*results, strict=True):
        torch.testing.assert_close(fast, plain)
