"""From a choice of feed-forward network to the module."""

import math
from collections.abc import Callable
from typing import Any

from torch import nn

from cutaway.config.feedforward import DenseConfig, ExpertsConfig, GatedConfig
from cutaway.config.model import ModelConfig
from cutaway.nn.balance import BalanceByBias, BalanceByLoss, NoBalance
from cutaway.nn.experts import GATES, Experts, Routing
from cutaway.nn.feedforward import ACTIVATIONS, Dense, Gated


def make_feedforward(c: ModelConfig) -> nn.Module:
    """The network of one layer."""
    network: nn.Module = _FEEDFORWARDS[c.feedforward.kind](c, c.feedforward)
    return network


def _dense(c: ModelConfig, f: DenseConfig) -> Dense:
    hidden = f.hidden or 4 * c.width
    return Dense(c.width, hidden, ACTIVATIONS[f.activation], bias=f.bias, dropout=c.dropout)


def _gated(c: ModelConfig, f: GatedConfig) -> Gated:
    hidden = f.hidden or 8 * math.ceil(c.width / 3)
    return Gated(c.width, hidden, ACTIVATIONS[f.activation], bias=f.bias, dropout=c.dropout)


def _experts(c: ModelConfig, f: ExpertsConfig) -> Experts:
    hidden = f.hidden or 8 * math.ceil(c.width / 3 / (f.chosen + f.shared))
    groups = f.groups or 1

    def expert(count: int = 1) -> Gated:
        return Gated(c.width, count * hidden, ACTIVATIONS[f.activation], dropout=c.dropout)

    return Experts(
        c.width,
        [expert() for _ in range(f.experts)],
        expert(f.shared) if f.shared else None,
        Routing(GATES[f.gate], f.chosen, groups, f.groups_chosen or groups, f.normalised, f.scale),
        _BALANCES[f.balance](f),
    )


_FEEDFORWARDS: dict[str, Callable[..., Any]] = {"dense": _dense, "gated": _gated, "experts": _experts}
_BALANCES: dict[str, Callable[..., Any]] = {
    "none": lambda f: NoBalance(),
    "loss": lambda f: BalanceByLoss(f.balance_weight),
    "bias": lambda f: BalanceByBias(f.experts, f.balance_rate),
}
