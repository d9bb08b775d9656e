"""Load balancing of a mixture of experts.

Each kind chooses the experts by their scores and, in training, gives a loss. A model returns logits and no loss, so
`attach` adds the gradient of that loss to the gradient of the mixture's output. Losses are sums over tokens, as in
training. Padding counts as tokens, since a feed-forward network has no mask.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

SMALL = 2.0**-30
"""A power of two, so that integers times it stay exact, and so small that it does not affect a gradient's norm."""

Choose = Callable[[Tensor], Tensor]
"""Returns the K experts with the highest preferences for each token: (B, T, E) -> (B, T, K)."""
Choice = tuple[Int[Tensor, "B T K"], Float[Tensor, ""] | None]
"""The experts of each token, and a loss in training, if there is one."""


class NoBalance(nn.Module):
    """No balancing."""

    def forward(self, scores: Float[Tensor, "B T E"], choose: Choose) -> Choice:
        """Chooses experts by their scores."""
        return choose(scores), None


class BalanceByLoss(nn.Module):
    """α Σ_i f_i P_i per token: for each sequence, load times mean score (DeepSeek-V3, eq. 17-20; V2, eq. 23-25).

    f_i is the load of expert i times the number of experts, P_i the mean of its fraction of a token's scores.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, scores: Float[Tensor, "B T E"], choose: Choose) -> Choice:
        """Chooses experts by their scores."""
        chosen = choose(scores)
        if not self.training:
            return chosen, None
        counts = count_choices(chosen, scores.shape[-1])  # (B, E)
        load = counts * (counts.shape[1] / counts.sum(dim=1, keepdim=True))  # (B, E)
        shares = scores / scores.sum(dim=-1, keepdim=True)  # (B, T, E)
        return chosen, self.weight * (load * shares.sum(dim=1)).sum()


class BalanceByBias(nn.Module):
    """A bias added to an expert's score for the choice only (Wang et al. 2024; DeepSeek-V3, section 2.1.2).

    Each step lowers it by `rate` for experts chosen more often than the mean, and raises it for the others. That is
    sign descent, so the surplus of choices is given to the optimizer as the gradient.
    """

    def __init__(self, experts: int, rate: float) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(experts))
        self.rate = rate

    def forward(self, scores: Float[Tensor, "B T E"], choose: Choose) -> Choice:
        """Chooses experts by their scores and the bias."""
        chosen = choose(scores + self.bias)
        if not self.training:
            return chosen, None
        counts = count_choices(chosen, scores.shape[-1]).sum(dim=0)  # (E)
        surplus = (counts * len(counts) - counts.sum()) * SMALL
        return chosen, (self.bias * surplus).sum()


def count_choices(chosen: Int[Tensor, "B T K"], experts: int) -> Float[Tensor, "B E"]:
    """The number of choices of each expert, per sequence."""
    choices = chosen.flatten(1)
    counts = torch.zeros(len(choices), experts, device=chosen.device)
    return counts.scatter_add_(1, choices, torch.ones_like(choices, dtype=counts.dtype))


Balance = NoBalance | BalanceByLoss | BalanceByBias


def attach(x: Float[Tensor, "*B C"], loss: Float[Tensor, ""]) -> Float[Tensor, "*B C"]:
    """Returns x; a backward pass through it also computes the gradients of `loss`, as if it were added to theirs.

    Without recorded gradients, nothing is attached. Only first derivatives exist: a second backward pass through x
    would count the loss again, so it raises an error.
    """
    y: Tensor = _Attached.apply(x, loss)  # type: ignore[no-untyped-call]  # torch gives it no types
    return y


class _Attached(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, loss: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.like = inputs[1].dtype, inputs[1].device

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "the balance of experts has first derivatives only: call model.eval(), which leaves it out, "
                "before asking for create_graph=True or a transform of torch.func"
            )
        dtype, device = ctx.like
        return gradient, torch.ones((), dtype=dtype, device=device)
