"""The fused norms are their equations, gradients included."""

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from cutaway.nn.norms import LayerNorm, RMSNorm, ZeroCentredRMSNorm


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


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_rms_in_low_precision_is_rounded_once_before_the_weight(dtype: torch.dtype) -> None:
    norm = RMSNorm(48, epsilon=1e-5).to(dtype)
    nn.init.normal_(norm.weight)
    x = (3 * torch.randn(64, 48)).to(dtype)
    wide = x.float()
    unit = wide * (wide.pow(2).mean(dim=-1, keepdim=True) + norm.epsilon).rsqrt()
    rounded_twice = x * (wide.pow(2).mean(dim=-1, keepdim=True) + norm.epsilon).rsqrt().to(dtype) * norm.weight
    assert torch.equal(norm(x), unit.to(dtype) * norm.weight)
    assert not torch.equal(norm(x), rounded_twice)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(
    "norm", [RMSNorm(48, epsilon=0.1), ZeroCentredRMSNorm(48, epsilon=0.1)], ids=["rms", "centred"]
)
def test_norms_without_gradients_are_those_with_gradients_to_the_bit(norm: nn.Module, dtype: torch.dtype) -> None:
    norm = deepcopy(norm).to(dtype)
    for weight in norm.parameters():
        nn.init.normal_(weight)
    x = (3 * torch.randn(5, 31, 48)).to(dtype)
    with torch.no_grad():
        alone = norm(x)
    assert torch.equal(alone, norm(x))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_gradients_of_rms_in_low_precision_have_its_dtype(dtype: torch.dtype) -> None:
    norm = RMSNorm(7, weight=False)
    x, pull = torch.randn(3, 7), torch.randn(3, 7)
    low, exact = x.to(dtype).requires_grad_(), x.to(dtype).double().requires_grad_()
    (gradient,) = torch.autograd.grad(norm(low), low, pull.to(dtype))
    (expected,) = torch.autograd.grad(rms_equation(exact, norm), exact, pull.to(dtype).double())
    assert gradient.dtype == dtype
    torch.testing.assert_close(gradient.double(), expected, atol=0.02, rtol=0.02)
    _, tangent = torch.func.jvp(norm, (low.detach(),), (pull.to(dtype),))
    assert tangent.dtype == dtype
