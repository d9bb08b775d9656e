"""What keeps a mixture of experts from sending all tokens to a few.

Each kind chooses the experts by their scores and, while training, gives a loss. A model returns logits and no loss, so
`attach` adds the gradient of that loss to those that come back through the mixture's output. Losses are sums over
tokens here, as they are in training. Padding counts as tokens: a feed-forward network is not told of it.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

SMALL = 2.0**-30
"""A power of two, so that whole numbers times it stay exact, and so small that a gradient's norm does not feel it."""

Choose = Callable[[Tensor], Tensor]
"""Finds the K experts with the largest preferences for each token: (B, T, E) -> (B, T, K)."""
Choice = tuple[Int[Tensor, "B T K"], Float[Tensor, ""] | None]
"""Which experts each token goes to, and in training a loss, if there is one."""


class NoBalance(nn.Module):
    """Leaves tokens where they want to go."""

    def forward(self, scores: Float[Tensor, "B T E"], choose: Choose) -> Choice:
        """Chooses experts by their scores."""
        return choose(scores), None


class BalanceByLoss(nn.Module):
    """α Σ_i f_i P_i a token: for each sequence, load times mean score (DeepSeek-V3, eq. 17-20; V2, eq. 23-25).

    f_i is the load of expert i times the number of experts, P_i the mean of its share of a token's scores.
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
    """A bias that an expert's score has in the choice, and only there (Wang et al. 2024; DeepSeek-V3, section 2.1.2).

    Each step lowers it by `rate` where more than the mean was chosen, and raises it where less was. That is a descent
    along the gradient's sign, so the surplus of choices is handed to the optimizer in the gradient's place.
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
    """How many choices of each sequence went to each expert."""
    choices = chosen.flatten(1)
    counts = torch.zeros(len(choices), experts, device=chosen.device)
    return counts.scatter_add_(1, choices, torch.ones_like(choices, dtype=counts.dtype))


Balance = NoBalance | BalanceByLoss | BalanceByBias


def attach(x: Float[Tensor, "*B C"], loss: Float[Tensor, ""]) -> Float[Tensor, "*B C"]:
    """Returns x; whoever computes gradients through it also gets those of the loss, as if it had been added to theirs.

    Nothing is attached where no gradients are recorded. Only first derivatives exist: a second backward pass through x
    would count the loss again, so it raises.
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
