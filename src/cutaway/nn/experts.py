"""Mixture of experts: many feed-forward networks, of which each token uses a few."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from cutaway.nn.balance import Balance, attach, count_choices
from cutaway.nn.feedforward import Gated
from cutaway.nn.layers import without_autocast
from cutaway.tap import show, tap

GATES: dict[str, Callable[[Tensor], Tensor]] = {"softmax": partial(torch.softmax, dim=-1), "sigmoid": torch.sigmoid}
"""The function from router logits to scores: a softmax over all experts (V2), or a sigmoid of each (V3)."""


@dataclass(frozen=True)
class Routing:
    """How experts are chosen and weighted.

    Attributes:
        gate: one of `GATES`.
        experts_per_token: K, the number of routed experts per token.
        groups: the number of equal groups that the experts form.
        groups_per_token: the number of groups from which a token's experts come; a group's score is the sum of its two
            best experts'.
        normalised: whether the weights of the chosen experts sum to one.
        scale: multiplies these weights.
    """

    gate: Callable[[Tensor], Tensor]
    experts_per_token: int
    groups: int = 1
    groups_per_token: int = 1
    normalised: bool = True
    scale: float = 1.0

    def choose(self, preferences: Float[Tensor, "B T E"]) -> Int[Tensor, "B T K"]:
        """The K experts with the highest preferences, within the best groups (DeepSeek-V3, eq. 16, section 2.1.2)."""
        if self.groups_per_token < self.groups:
            grouped = preferences.unflatten(-1, (self.groups, -1))  # (B, T, groups, E / groups)
            merits = grouped.topk(min(2, grouped.shape[-1]), dim=-1).values.sum(dim=-1)
            best = merits.topk(self.groups_per_token, dim=-1).indices
            others = torch.ones_like(merits, dtype=torch.bool).scatter(-1, best, False)
            preferences = grouped.masked_fill(others[..., None], -torch.inf).flatten(-2)
        return preferences.topk(self.experts_per_token, dim=-1).indices

    def weigh(self, scores: Float[Tensor, "B T E"], chosen: Int[Tensor, "B T K"]) -> Float[Tensor, "B T K"]:
        """The weight of each chosen expert: its score, without the balancing bias (DeepSeek-V3, eq. 13)."""
        weights = scores.gather(-1, chosen)
        if self.normalised:
            weights = weights / (weights.sum(dim=-1, keepdim=True) + 1e-20)
        return weights * self.scale


class Router(nn.Linear):
    """x Wᵀ in fp32, whatever the dtype: the choice of experts depends on small differences."""

    def __init__(self, width: int, experts: int) -> None:
        with torch.device("meta"):
            super().__init__(width, experts, bias=False)
        self.weight = nn.Parameter(torch.zeros(experts, width))

    def forward(self, x: Float[Tensor, "*B C"]) -> Float[Tensor, "*B E"]:
        """Scores each expert for each token."""
        with without_autocast(x.device):
            return F.linear(x.float(), self.weight.float())


class Experts(nn.Module):
    """y = Σ_shared expert(x) + Σ_chosen weight · expert(x) (DeepSeekMoE, Dai et al. 2024; DeepSeek-V2, eq. 20-22).

    No token is ever dropped: an expert has no capacity limit, and runs even if no token chose it.

    Args:
        width: C.
        experts: the routed ones.
        shared: applied to every token; several shared experts are one network that is wider by that factor.
        routing: how experts are chosen and weighted.
        balance: how the load is balanced, from `cutaway.nn.balance`.
    """

    taps = ("input", "router", "load", "out")

    def __init__(
        self, width: int, experts: Sequence[Gated], shared: Gated | None, routing: Routing, balance: Balance
    ) -> None:
        super().__init__()
        self.router = Router(width, len(experts))
        self.experts = nn.ModuleList(experts)
        self.shared = shared
        self.routing = routing
        self.balance = balance

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        """Transforms each token."""
        x = tap("input", x)
        scores = tap("router", self.routing.gate(self.router(x)))  # (B, T, E)
        chosen, loss = self.balance(scores, self.routing.choose)  # (B, T, K)
        show("load", count_choices(chosen, len(self.experts)).sum(dim=0) / chosen.numel())
        y = self.mix(x, chosen, self.routing.weigh(scores, chosen))
        if self.shared is not None:
            y = y + self.shared(x)
        return tap("out", y if loss is None else attach(y, loss))

    def mix(
        self, x: Float[Tensor, "B T C"], chosen: Int[Tensor, "B T K"], weights: Float[Tensor, "B T K"]
    ) -> Float[Tensor, "B T C"]:
        """Applies to each token its experts, and adds up their weighted outputs: one matrix product per expert."""
        tokens, choices = x.flatten(0, 1), chosen.flatten()  # (B · T, C), (B · T · K)
        mixed = torch.zeros_like(tokens)
        for i, expert in enumerate(self.experts):
            places = (choices == i).nonzero()[:, 0]
            rows = places // chosen.shape[-1]
            y = expert(tokens.index_select(0, rows)) * weights.flatten().index_select(0, places)[:, None]
            mixed.index_add_(0, rows, y.to(mixed.dtype))
        return mixed.view_as(x)
