"""Own backward passes are right to any order: by themselves, and under the transforms of `torch.func`."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from cutaway.nn.balance import attach
from cutaway.nn.feedforward import squared_relu
from cutaway.nn.norms import RMSNorm

EPSILON = 0.3
"""Large, so that no derivative forgets it unnoticed."""


def rms(x: Tensor) -> Tensor:
    return RMSNorm(x.shape[-1], epsilon=EPSILON, weight=False)(x)


def plain_rms(x: Tensor) -> Tensor:
    return x * (x.square().mean(dim=-1, keepdim=True) + EPSILON).rsqrt()


FUNCTIONS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "rms": (rms, plain_rms),
    "squared_relu": (squared_relu, lambda x: x.relu() ** 2),
}


@pytest.fixture(params=FUNCTIONS)
def pair(request: pytest.FixtureRequest) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """A function with a backward pass of its own, and the plain equation."""
    return FUNCTIONS[request.param]


def numbers(*shape: int, seed: int = 0) -> Tensor:
    """None of them near zero, where a squared ReLU has no second derivative."""
    x = torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return x + 0.2 * x.sign()


def test_first_and_second_derivatives(pair: tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]) -> None:
    ours, plain = pair
    x = numbers(3, 5).requires_grad_()
    torch.testing.assert_close(ours(x), plain(x))
    assert torch.autograd.gradcheck(ours, x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(ours, x)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_without_gradients_the_bits_are_the_same(
    pair: tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]], dtype: torch.dtype
) -> None:
    ours, plain = pair
    x, pull = numbers(3, 5).to(dtype), numbers(3, 5, seed=1).to(dtype)
    recorded = ours(x.clone().requires_grad_())
    with torch.no_grad():
        assert torch.equal(ours(x), recorded)
        if dtype == torch.float64:  # forward derivatives do not need gradients to be enabled
            found, expected = (torch.func.jvp(function, (x,), (pull,)) for function in pair)
            torch.testing.assert_close(found, expected)
    torch.testing.assert_close(recorded, plain(x), atol=0.02, rtol=0.02)


def test_third_derivatives(pair: tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]) -> None:
    def third(function: Callable[[Tensor], Tensor]) -> Tensor:
        x = numbers(3, 5).requires_grad_()
        value = (function(x) ** 3).sum()
        for seed in range(3):
            (gradient,) = torch.autograd.grad(value, x, create_graph=True)
            value = (gradient * numbers(3, 5, seed=seed + 1)).sum()
        return value

    expected = third(pair[1])
    assert expected.abs() > 1e-3
    torch.testing.assert_close(third(pair[0]), expected)


def test_transforms_of_torch_func(pair: tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]) -> None:
    x, weights, direction = numbers(4, 5), numbers(5, seed=1), numbers(5, seed=2)

    def transformed(function: Callable[[Tensor], Tensor]) -> list[Tensor]:
        def value(one: Tensor) -> Tensor:
            return (function(one) * weights).pow(2).sum()

        gradient = torch.func.grad(value)
        return [
            torch.func.vmap(gradient)(x),
            torch.func.vmap(function, in_dims=1, out_dims=1)(x.T.contiguous()),
            torch.func.hessian(value)(x[0]),
            torch.func.vmap(torch.func.jacrev(function))(x),
            torch.func.jvp(gradient, (x[0],), (direction,))[1],
            torch.func.grad(lambda one: (gradient(one) * direction).sum())(x[0]),
        ]

    for found, expected in zip(transformed(pair[0]), transformed(pair[1]), strict=True):
        assert expected.abs().max() > 1e-3
        torch.testing.assert_close(found, expected)


def test_an_attached_loss_has_first_derivatives_only() -> None:
    def attached(x: Tensor) -> Tensor:
        return attach(x, x.pow(3).sum()).square().sum()

    x = numbers(4).requires_grad_()
    (gradient,) = torch.autograd.grad(attached(x), x)
    torch.testing.assert_close(gradient, 2 * x + 3 * x.square())
    with pytest.raises(RuntimeError, match="first derivatives only"):
        torch.autograd.grad(attached(x), x, create_graph=True)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        torch.func.grad(attached)(x.detach())
