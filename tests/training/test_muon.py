"""Muon's update is the gradient's direction with every singular value near one."""

from itertools import pairwise

import pytest
import torch

from cutaway.training.muon import Muon, orthogonalise, orthogonalise_all
from support import require_attributes

SHAPES = [(8, 21), (21, 8), (13, 13), (8, 21), (5, 8), (21, 8)]


def matrix(rows: int, columns: int, seed: int, largest: float = 1.0) -> torch.Tensor:
    """Random directions; singular values spread evenly on a logarithmic scale, over a factor of a hundred."""
    generator = torch.Generator().manual_seed(seed)
    left, right = (torch.linalg.qr(torch.randn(n, n, generator=generator))[0] for n in (rows, columns))
    count = min(rows, columns)
    return largest * left[:, :count] @ torch.diag(torch.logspace(0, -2, count)) @ right[:, :count].mT


MATRICES = [matrix(*shape, seed=seed, largest=10.0 ** (seed - 3)) for seed, shape in enumerate(SHAPES)]


def alone(x: torch.Tensor) -> torch.Tensor:
    return orthogonalise_all([x])[0]


@pytest.mark.parametrize("x", MATRICES[:5], ids=str(SHAPES[:5]).strip("[]").split("), "))
def test_singular_values_come_near_one_and_directions_stay(x: torch.Tensor) -> None:
    left, _, right = torch.linalg.svd(x, full_matrices=False)
    turned = left.mT @ alone(x) @ right.mT  # diagonal, if the singular vectors are those of x
    values = turned.diagonal()
    assert values.min() > 0.6
    assert values.max() < 1.3
    assert (turned - values.diag()).abs().max() < 1e-4


def test_many_at_once_are_as_each_alone() -> None:
    for x, together in zip(MATRICES, orthogonalise_all(MATRICES), strict=True):
        assert together.shape == x.shape
        assert torch.allclose(together, alone(x), atol=1e-5)


@pytest.mark.parametrize("i", [0, 1, 2])
def test_a_transposed_matrix_gives_the_transposed_result(i: int) -> None:
    assert torch.allclose(alone(MATRICES[i].mT), alone(MATRICES[i]).mT, atol=1e-4)  # rounding grows with small values


def test_more_iterations_start_from_the_same_matrix() -> None:
    x = matrix(6, 9, seed=1)
    x = x / torch.linalg.matrix_norm(x)
    values = torch.linalg.svdvals(x)
    for iterations in (1, 2):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
        found = torch.linalg.svdvals(orthogonalise(x[None], iterations)[0])
        assert torch.allclose(found, values.sort(descending=True)[0], atol=1e-5)


def test_no_gradient_no_change() -> None:
    assert (alone(torch.zeros(3, 5)) == 0).all()


@pytest.mark.parametrize("shape", SHAPES[:3], ids=str)
def test_it_descends(shape: tuple[int, int]) -> None:
    target, weight = matrix(*shape, seed=9, largest=3.0), torch.nn.Parameter(torch.zeros(shape))
    muon = Muon([weight], learning_rate=0.05, momentum=0.5)
    losses = []
    for _ in range(60):
        loss = (weight - target).square().sum()
        losses.append(loss.item())
        muon.zero_grad()
        loss.backward()
        muon.step()
    assert all(later < earlier for earlier, later in pairwise(losses[:11]))
    assert losses[-1] < 0.1 * losses[0]


def test_one_step_is_the_equation() -> None:
    tall, wide = (torch.nn.Parameter(matrix(*shape, seed=4)) for shape in ((12, 3), (3, 12)))
    first, second = matrix(12, 3, seed=5), matrix(12, 3, seed=6)
    muon = Muon([tall, wide], learning_rate=0.1, momentum=0.8, weight_decay=0.5)
    before = [tall.detach().clone(), wide.detach().clone()]
    mean = torch.zeros(12, 3)
    for gradient in (first, second):
        tall.grad, wide.grad = gradient, gradient.mT.clone()
        muon.step()
        mean = 0.8 * mean + 0.2 * gradient
        update = alone(0.2 * gradient + 0.8 * mean)
        before = [
            before[0] * 0.95 - 0.1 * 2 * update,  # √(12 / 3)
            before[1] * 0.95 - 0.1 * update.mT,
        ]
    assert torch.allclose(tall, before[0], atol=1e-5)
    assert torch.allclose(wide, before[1], atol=1e-5)


@pytest.mark.parametrize("iterations", [3, 5])
@pytest.mark.parametrize(("momentum", "weight_decay"), [(0.95, 0.0), (0.7, 0.3)])
def test_updates_are_those_of_torch(
    iterations: int, momentum: float, weight_decay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs_of = require_attributes("torch.optim", "Muon").Muon
    # torch iterates in bfloat16, whose rounding (2⁻⁸) would hide small differences. Here its cast only copies, so both
    # compute in float64. What remains is rounding, and epsilon: torch's is the least norm, ours is added to the norm.
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    ours, theirs = ([torch.nn.Parameter(one.double().clone()) for one in MATRICES] for _ in range(2))
    choices = {"momentum": momentum, "weight_decay": weight_decay}
    optimizers = [
        Muon(ours, learning_rate=0.1, iterations=iterations, **choices),
        theirs_of(theirs, lr=0.1, nesterov=True, ns_steps=iterations, adjust_lr_fn="original", **choices),
    ]
    for step in range(4):
        before = [one.detach().clone() for one in ours]
        for one, other in zip(ours, theirs, strict=True):
            one.grad = matrix(*one.shape, seed=10 + step, largest=0.5 + step).double()
            other.grad = one.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
        for one, other, old in zip(ours, theirs, before, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)
            assert (one - old).abs().max() > 0.02
