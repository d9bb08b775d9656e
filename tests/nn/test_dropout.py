"""Dropout zeroes the share that it is told to, keeps the mean, and leaves everything else alone."""

import pytest
import torch

from cutaway.nn.dropout import Dropout, drop

MANY = (1000, 1001)
SHARES = (0.02, 0.1, 0.3, 0.5, 0.9)


@pytest.mark.parametrize("share", SHARES)
def test_so_many_are_zeroed_and_the_mean_stays(share: float) -> None:
    dropped = drop(torch.ones(MANY), share)
    assert (dropped == 0).float().mean().item() == pytest.approx(share, abs=0.003)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert dropped[dropped != 0].unique().tolist() == pytest.approx([1 / (1 - share)], rel=1e-3)


def test_neighbours_do_not_know_of_one_another() -> None:
    """They share a draw of the generator."""
    zeroed = (drop(torch.ones(MANY), 0.3) == 0).float().flatten()[: MANY[0] * MANY[1] // 8 * 8].view(-1, 8)
    assert zeroed.mean(dim=0).tolist() == pytest.approx([0.3] * 8, abs=0.01)
    assert (zeroed.T.corrcoef() - torch.eye(8)).abs().max() < 0.02


def test_it_is_known_by_torch_s_seed() -> None:
    def dropped(seed: int) -> list[torch.Tensor]:
        torch.manual_seed(seed)
        return [drop(torch.ones(7, 9), 0.4) for _ in range(2)]

    first, second = dropped(3)
    assert not torch.equal(first, second)
    assert all(torch.equal(a, b) for a, b in zip(dropped(3), (first, second), strict=True))
    assert not torch.equal(dropped(4)[0], first)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 7), (2, 3, 5)], ids=str)
def test_shape_and_dtype_stay(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    dropped = drop(torch.randn(shape, dtype=dtype), 0.25)
    assert (dropped.shape, dropped.dtype) == (torch.Size(shape), dtype)


def test_what_is_not_laid_out_in_order_is_dropped_in_its_place() -> None:
    x = torch.arange(1.0, 36.0).view(5, 7).mT
    dropped = drop(x, 0.5)
    torch.testing.assert_close(dropped, torch.where(dropped == 0, 0.0, 2 * x))


def test_nothing_is_dropped_but_in_training() -> None:
    x, before = torch.randn(5, 7), torch.get_rng_state()
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(drop(x, 0.5, training=False), x)
    assert torch.equal(Dropout(0.0)(x), x)
    assert torch.equal(torch.get_rng_state(), before), "and nothing is drawn"
    assert (Dropout(0.5)(x) == 0).any()


def test_the_gradient_is_zero_where_a_number_is() -> None:
    x = torch.randn(50, 70, requires_grad=True)
    dropped = drop(x, 0.2)
    dropped.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad == 0, dropped == 0)
    torch.testing.assert_close(x.grad * x, dropped)


@pytest.mark.parametrize("share", [0.9999, 1 - 1e-6, 1 - 1e-12])
def test_a_share_near_one_leaves_numbers(share: float) -> None:
    dropped = drop(torch.ones(MANY), share)
    assert dropped.isfinite().all()
    assert (dropped == 0).float().mean() > 0.9998
    assert (dropped >= 0).all()
