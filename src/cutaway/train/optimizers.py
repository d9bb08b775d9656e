"""The optimizer of a run, and its state by the names of the weights."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cutaway.config.optimizer import AdamWConfig, MuonConfig, OptimizerConfig
from cutaway.nn.balance import BalanceByBias
from cutaway.train.muon import Muon
from cutaway.train.sign_descent import SignDescent

Weights = Mapping[str, nn.Parameter]
"""By name."""


class Optimizer:
    """One optimizer or several, each with weights of its own; state is tensors named after weights, nothing pickled."""

    def __init__(self, model: nn.Module, parts: list[torch.optim.Optimizer]) -> None:
        self._names: dict[Tensor, str] = {weight: name for name, weight in model.named_parameters()}
        self._parts = parts
        self._peaks = [[group["lr"] for group in part.param_groups] for part in parts]
        held = [weight for _, weight in self._owned()]
        assert len(held) == len(set(held)) == len(self._names), "every weight belongs to exactly one group"

    def step(self, rate: float) -> None:
        """Updates all weights from their gradients, at this share of the peak learning rates; forgets the gradients."""
        for part, peaks in zip(self._parts, self._peaks, strict=True):
            for group, peak in zip(part.param_groups, peaks, strict=True):
                group["lr"] = peak * rate
            part.step()
            part.zero_grad()

    def state(self) -> dict[str, Tensor]:
        """All that the optimizer remembers, as ``{weight's name}:{what}``."""
        return {
            f"{self._names[weight]}:{key}": value
            for part in self._parts
            for weight, entry in part.state.items()
            for key, value in entry.items()
        }

    def shapes(self) -> dict[str, torch.Size]:
        """What `state` holds once a step was made: before, an optimizer remembers nothing."""
        return {
            f"{self._names[weight]}:{key}": torch.Size() if key == "step" else weight.shape
            for part, weight in self._owned()
            for key in _REMEMBERED[type(part)]
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Takes up a saved state, of the names and shapes that `shapes` tells."""
        for part, weight in self._owned():
            saved = {key: state[f"{self._names[weight]}:{key}"] for key in _REMEMBERED[type(part)]}
            part.state[weight] = {key: value.to(weight.device) for key, value in saved.items()}

    def _owned(self) -> Iterator[tuple[torch.optim.Optimizer, nn.Parameter]]:
        return ((part, weight) for part in self._parts for group in part.param_groups for weight in group["params"])


def make_optimizer(config: OptimizerConfig, model: nn.Module) -> Optimizer:
    """Sorts the weights into groups and gives each its optimizer; biases that balance experts have one of their own."""
    biases = balance_biases(model)
    weights = {name: weight for name, weight in model.named_parameters() if name not in biases}
    parts = _MAKERS[config.kind](config, model, weights)
    return Optimizer(model, [*parts, SignDescent(biases.values())] if biases else parts)


def _adamw(config: AdamWConfig, model: nn.Module, weights: Weights) -> list[torch.optim.Optimizer]:
    return [_adamw_over(config, list(weights.values()))]


def _muon(config: MuonConfig, model: nn.Module, weights: Weights) -> list[torch.optim.Optimizer]:
    matrices = block_matrices(model)
    others = [weight for name, weight in weights.items() if name not in matrices]
    muon = Muon(
        matrices.values(),
        learning_rate=config.learning_rate,
        momentum=config.momentum,
        iterations=config.iterations,
        weight_decay=config.weight_decay,
    )
    return [muon, _adamw_over(config.adamw, others)]


def balance_biases(model: nn.Module) -> dict[str, dict[str, Any]]:
    """The biases that balance experts, by name: for each a group with the rate that its layer has."""
    balances = [(name, module) for name, module in model.named_modules() if isinstance(module, BalanceByBias)]
    return {f"{name}.bias": {"params": [module.bias], "lr": module.rate} for name, module in balances}


def block_matrices(model: nn.Module) -> dict[str, nn.Parameter]:
    """The matrices inside blocks, by name: neither embeddings nor the head, whose rows are tokens."""
    linear = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    return {name: weight for name, weight in model.named_parameters() if name in linear}


def _adamw_over(config: AdamWConfig, weights: list[nn.Parameter]) -> torch.optim.Optimizer:
    matrices = [weight for weight in weights if weight.dim() > 1]
    vectors = [weight for weight in weights if weight.dim() <= 1]
    groups: list[dict[str, Any]] = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.epsilon,
        weight_decay=config.weight_decay,
        fused=True,
    )


_REMEMBERED: dict[type[torch.optim.Optimizer], tuple[str, ...]] = {
    torch.optim.AdamW: ("step", "exp_avg", "exp_avg_sq"),
    Muon: ("mean",),
    SignDescent: (),
}
_MAKERS: dict[str, Callable[[Any, nn.Module, Weights], list[torch.optim.Optimizer]]] = {"adamw": _adamw, "muon": _muon}
