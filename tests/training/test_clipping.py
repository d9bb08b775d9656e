"""The gradients of all parameters are scaled by one factor, whatever their dtypes, and only if it helps."""

import math

import pytest
import torch
from torch import nn

from cutaway.training import clip_gradients

SHAPES = [(3, 4), (5,), (), (2, 3, 2)]


def parameters(*dtypes: torch.dtype) -> list[nn.Parameter]:
    """One without a gradient, and one of each shape."""
    made = [nn.Parameter(torch.ones(7))]
    for i, shape in enumerate(SHAPES):
        weight = nn.Parameter(torch.zeros(shape, dtype=dtypes[i % len(dtypes)]))
        weight.grad = (torch.arange(weight.numel()).view(shape) + 1 + i).to(weight.dtype)
        made.append(weight)
    return made


def norm_of(weights: list[nn.Parameter]) -> float:
    return math.sqrt(sum(x**2 for weight in weights if weight.grad is not None for x in weight.grad.flatten().tolist()))


@pytest.mark.parametrize("dtypes", [(torch.float32,), (torch.float64,), (torch.bfloat16, torch.float32, torch.float64)])
@pytest.mark.parametrize("limit", [0.5, 7.0])
def test_a_longer_gradient_gets_the_limit_as_its_norm(dtypes: tuple[torch.dtype, ...], limit: float) -> None:
    weights, before = parameters(*dtypes), parameters(*dtypes)
    assert clip_gradients(weights, limit) == pytest.approx(norm_of(before), rel=1e-6)
    assert norm_of(weights) == pytest.approx(limit, rel=1e-2 if torch.bfloat16 in dtypes else 1e-6)
    assert weights[0].grad is None
    for weight, old in zip(weights[1:], before[1:], strict=True):
        assert weight.grad.dtype == old.grad.dtype
        torch.testing.assert_close(weight.grad, old.grad * (limit / norm_of(before)))


@pytest.mark.parametrize("limit", [1e4, None])
def test_a_shorter_one_is_left_alone(limit: float | None) -> None:
    weights, before = parameters(torch.float32), parameters(torch.float32)
    assert clip_gradients(iter(weights), limit) == pytest.approx(norm_of(before))
    assert all(torch.equal(one.grad, old.grad) for one, old in zip(weights[1:], before[1:], strict=True))


def test_it_is_what_torch_does() -> None:
    ours, theirs = parameters(torch.float64), parameters(torch.float64)
    norm = torch.nn.utils.clip_grad_norm_(theirs, 3.0)
    assert clip_gradients(ours, 3.0) == pytest.approx(norm.item())
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-6, atol=1e-6)  # torch adds 1e-6 to the norm


@pytest.mark.parametrize("limit", [0.5, None])
def test_the_gradient_of_a_sum_is_divided_first(limit: float | None) -> None:
    weights, before = parameters(torch.float32), parameters(torch.float32)
    norm = norm_of(before)
    assert clip_gradients(weights, limit, count=4) == pytest.approx(norm / 4)
    assert norm_of(weights) == pytest.approx(norm / 4 if limit is None else limit)


def test_narrow_gradients_do_not_overflow() -> None:
    weight = nn.Parameter(torch.zeros(100, dtype=torch.float16))
    weight.grad = torch.full_like(weight, 6e4)
    assert clip_gradients([weight], 1.0) == pytest.approx(6e5, rel=1e-3)
    assert norm_of([weight]) == pytest.approx(1, rel=1e-2)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_one_that_is_not_finite_is_reported_and_not_clipped(value: float) -> None:
    weights = parameters(torch.float32)
    weights[1].grad[1, 2] = value
    others = [weight.grad.clone() for weight in weights[2:]]
    assert not math.isfinite(clip_gradients(weights, 1.0))
    assert all(torch.equal(weight.grad, old) for weight, old in zip(weights[2:], others, strict=True))


def test_without_gradients_the_norm_is_zero() -> None:
    assert clip_gradients([nn.Parameter(torch.ones(3))], 1.0) == 0
    assert clip_gradients([], 1.0) == 0


@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan])
def test_a_limit_is_positive(limit: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        clip_gradients([], limit)
