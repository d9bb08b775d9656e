"""Muon: momentum whose matrices are orthogonalised before they are applied."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Orthogonalised Nesterov momentum for the 2-D weights inside blocks (Jordan et al. 2024).

    update = √max(1, rows/columns) · orthogonal(gradient + momentum · m). Matrices of the same shape, or of its
    transpose, are orthogonalised together: on a CPU, many small products take longer than few large ones.

    Args:
        parameters: matrices only, or groups of them as in any optimizer.
        learning_rate: about the spectral norm of each update.
        momentum: decay of the running mean of gradients.
        iterations: of Newton-Schulz; five bring all singular values near one.
        weight_decay: fraction of the weights subtracted per step, times the learning rate.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        *,
        learning_rate: float,
        momentum: float = 0.95,
        iterations: int = 5,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": learning_rate, "momentum": momentum, "iterations": iterations, "weight_decay": weight_decay}
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Applies one update, from the current gradients.

        Returns:
            The result of `closure`, which is called first, if it is given.
        """
        loss = evaluated(closure)
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            means = [self._mean(weight) for weight in weights]
            torch._foreach_lerp_(means, [weight.grad for weight in weights], 1 - group["momentum"])
            ahead = torch._foreach_lerp([weight.grad for weight in weights], means, group["momentum"])
            torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
            for weight, update in zip(weights, orthogonalise_all(list(ahead), group["iterations"]), strict=True):
                weight.add_(update, alpha=-group["lr"] * max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5)
        return loss

    def _mean(self, weight: nn.Parameter) -> Tensor:
        state = self.state[weight]
        if "mean" not in state:
            state["mean"] = torch.zeros_like(weight)
        return state["mean"]


def evaluated(closure: Callable[[], Any] | None) -> Any:
    """The result of an optimizer's closure, which computes the loss and its gradients; None without one."""
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()


def orthogonalise_all(matrices: list[Tensor], iterations: int = 5) -> list[Tensor]:
    """Orthogonalises each matrix, batching those of the same shape or its transpose."""
    wide = [matrix if matrix.shape[0] <= matrix.shape[1] else matrix.mT for matrix in matrices]
    result = list(wide)
    for shape in {matrix.shape for matrix in wide}:
        places = [i for i, matrix in enumerate(wide) if matrix.shape == shape]
        batch = orthogonalise(torch.stack([wide[i] for i in places]), iterations)
        for i, matrix in zip(places, batch, strict=True):
            result[i] = matrix
    return [new if new.shape == old.shape else new.mT for new, old in zip(result, matrices, strict=True)]


def orthogonalise(x: Float[Tensor, "N R C"], iterations: int = 5) -> Float[Tensor, "N R C"]:
    """Moves all singular values of each matrix near one and keeps its singular vectors (R ≤ C).

    Each iteration of Newton-Schulz multiplies x from the left by p = a + b·g + c·g², where g = x xᵀ. So each singular
    value s becomes a·s + b·s³ + c·s⁵, with coefficients that make small ones grow fastest and end between about 0.7 and
    1.2. The iterations need only g, which becomes p g p, so they use (R, R) matrices, and x is multiplied once by the
    product of all p: half the work for a matrix four times as wide as high, and the same for a square one.
    """
    a, b, c = COEFFICIENTS
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    gram = x @ x.mT  # (N, R, R)
    product = torch.eye(x.shape[1], device=x.device, dtype=x.dtype).expand_as(gram)
    for _ in range(iterations):
        step = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        step.diagonal(dim1=-2, dim2=-1).add_(a)
        product, gram = step @ product, step @ gram @ step
    return product @ x
