"""From a choice of feed-forward network to its module."""

from collections.abc import Callable
from typing import Any

from torch import nn

from cutaway.config.explicit import expert_groups, hidden_width
from cutaway.config.feedforward import DenseConfig, ExpertsConfig, GatedConfig
from cutaway.config.model import ModelConfig
from cutaway.nn.balance import BalanceByBias, BalanceByLoss, NoBalance
from cutaway.nn.experts import GATES, Experts, Routing
from cutaway.nn.feedforward import ACTIVATIONS, Dense, Gated


def make_feedforward(c: ModelConfig) -> nn.Module:
    """The feed-forward network of one layer."""
    network: nn.Module = _FEEDFORWARDS[c.feedforward.kind](c, c.feedforward)
    return network


def _dense(c: ModelConfig, f: DenseConfig) -> Dense:
    return Dense(c.width, hidden_width(c, f), ACTIVATIONS[f.activation], bias=f.bias, dropout=c.dropout)


def _gated(c: ModelConfig, f: GatedConfig) -> Gated:
    return Gated(c.width, hidden_width(c, f), ACTIVATIONS[f.activation], bias=f.bias, dropout=c.dropout)


def _experts(c: ModelConfig, f: ExpertsConfig) -> Experts:
    hidden = hidden_width(c, f)

    def expert(count: int = 1) -> Gated:
        return Gated(c.width, count * hidden, ACTIVATIONS[f.activation], dropout=c.dropout)

    return Experts(
        c.width,
        [expert() for _ in range(f.experts)],
        expert(f.shared) if f.shared else None,
        Routing(GATES[f.gate], f.experts_per_token, *expert_groups(f), f.normalised, f.scale),
        _BALANCES[f.balance](f),
    )


_FEEDFORWARDS: dict[str, Callable[..., Any]] = {"dense": _dense, "gated": _gated, "experts": _experts}
_BALANCES: dict[str, Callable[..., Any]] = {
    "none": lambda f: NoBalance(),
    "loss": lambda f: BalanceByLoss(f.balance_weight),
    "bias": lambda f: BalanceByBias(f.experts, f.balance_rate),
}
