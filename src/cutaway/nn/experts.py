"""Mixture of experts: many networks, of which each token passes through a few."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from cutaway.nn.balance import Balance, attach, count_choices
from cutaway.nn.feedforward import Gated
from cutaway.tap import show, tap

GATES: dict[str, Callable[[Tensor], Tensor]] = {"softmax": partial(torch.softmax, dim=-1), "sigmoid": torch.sigmoid}
"""What makes scores of an expert's products with a token: all experts share one (V2), or each has its own (V3)."""


@dataclass(frozen=True)
class Routing:
    """Which experts a token goes to, and what each of them counts for.

    Attributes:
        gate: one of `GATES`.
        experts_per_token: K, how many experts a token goes to.
        groups: how many equal groups the experts form.
        groups_per_token: from how many of them those of a token come; a group is as good as its two best experts.
        normalised: whether the weights of the chosen sum to one.
        scale: what they are then multiplied by.
    """

    gate: Callable[[Tensor], Tensor]
    experts_per_token: int
    groups: int = 1
    groups_per_token: int = 1
    normalised: bool = True
    scale: float = 1.0

    def choose(self, preferences: Float[Tensor, "B T E"]) -> Int[Tensor, "B T K"]:
        """Finds the K experts that each token prefers, within its groups (DeepSeek-V3, eq. 16 and section 2.1.2)."""
        if self.groups_per_token < self.groups:
            grouped = preferences.unflatten(-1, (self.groups, -1))  # (B, T, groups, E / groups)
            merits = grouped.topk(min(2, grouped.shape[-1]), dim=-1).values.sum(dim=-1)
            best = merits.topk(self.groups_per_token, dim=-1).indices
            others = torch.ones_like(merits, dtype=torch.bool).scatter(-1, best, False)
            preferences = grouped.masked_fill(others[..., None], -torch.inf).flatten(-2)
        return preferences.topk(self.experts_per_token, dim=-1).indices

    def weigh(self, scores: Float[Tensor, "B T E"], chosen: Int[Tensor, "B T K"]) -> Float[Tensor, "B T K"]:
        """What each chosen expert counts for: its score, which no preference has touched (DeepSeek-V3, eq. 13)."""
        weights = scores.gather(-1, chosen)
        if self.normalised:
            weights = weights / (weights.sum(dim=-1, keepdim=True) + 1e-20)
        return weights * self.scale


class Router(nn.Linear):
    """x Wᵀ in fp32, whatever the dtype of both: the choice of experts hangs on small differences."""

    def __init__(self, width: int, experts: int) -> None:
        with torch.device("meta"):
            super().__init__(width, experts, bias=False)
        self.weight = nn.Parameter(torch.zeros(experts, width))

    def forward(self, x: Float[Tensor, "*B C"]) -> Float[Tensor, "*B E"]:
        """Scores each expert for each token."""
        with _without_autocast(x.device):
            return F.linear(x.float(), self.weight.float())


class Experts(nn.Module):
    """y = Σ_shared expert(x) + Σ_chosen weight · expert(x) (DeepSeekMoE, Dai et al. 2024; DeepSeek-V2, eq. 20-22).

    No token is ever dropped: an expert takes as many as choose it, and runs even if none does.

    Args:
        width: C.
        experts: the routed ones.
        shared: what every token passes through besides; several experts are one that is as much wider.
        routing: how experts are chosen and weighed.
        balance: what keeps the choice even; of `cutaway.nn.balance`.
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
        """Sends each token to its experts and adds up what they return, weighed: one product an expert."""
        tokens, choices = x.flatten(0, 1), chosen.flatten()  # (B · T, C), (B · T · K)
        mixed = torch.zeros_like(tokens)
        for i, expert in enumerate(self.experts):
            places = (choices == i).nonzero()[:, 0]
            rows = places // chosen.shape[-1]
            y = expert(tokens.index_select(0, rows)) * weights.flatten().index_select(0, places)[:, None]
            mixed.index_add_(0, rows, y.to(mixed.dtype))
        return mixed.view_as(x)


def _without_autocast(device: torch.device) -> AbstractContextManager[None]:
    knows_autocast = torch.amp.is_autocast_available(device.type)  # meta tensors do not
    return torch.autocast(device.type, enabled=False) if knows_autocast else nullcontext()
