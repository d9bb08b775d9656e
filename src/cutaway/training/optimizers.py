"""The optimizer of a run, and its state by the names of the weights."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cutaway.config.optimizer import AdamWConfig, AdamWPartConfig, MuonConfig, OptimizerConfig
from cutaway.model.block import AnyAttention
from cutaway.model.heads import LanguageHead, SequenceHead, TokenHead
from cutaway.nn.balance import BalanceByBias
from cutaway.nn.embeddings import FrameEmbedding, PatchEmbedding
from cutaway.nn.experts import Router
from cutaway.training.layer_depths import layers_above
from cutaway.training.muon import Muon, evaluated
from cutaway.training.sign_descent import SignDescent

Weights = Mapping[str, nn.Parameter]
"""By name."""
PROJECTING = PatchEmbedding | FrameEmbedding | LanguageHead | SequenceHead | TokenHead
"""Modules at either end of a model that contain linear layers."""
Shares = Mapping[str, float]
"""Fractions of the learning rate, by the name of the weight."""


class Optimizer(torch.optim.Optimizer):
    """One or several optimizers with disjoint weights, which share its groups and its state.

    Frozen weights have no optimizer. `state_dict` is torch's; `named_state` names tensors after weights, for files
    without pickling.
    """

    def __init__(self, model: nn.Module, parts: list[torch.optim.Optimizer]) -> None:
        self._parts = parts
        self._is_complete = False
        groups = [group for part in parts for group in part.param_groups]
        super().__init__(groups or [{"params": [], "lr": 0.0}], {})  # torch wants a group, even if all is frozen
        self._is_complete = True
        self._names: dict[Tensor, str] = {weight: name for name, weight in trained_weights(model).items()}
        for group in self.param_groups:
            group["initial_lr"] = group["lr"]  # the peak, under the name that torch's schedulers give it
        held = [weight for _, weight in self._owned()]
        assert len(held) == len(set(held)) == len(self._names), "every trained weight belongs to exactly one group"
        self._share()

    def set_rate(self, rate: float) -> None:
        """Sets the learning rate of each group to this fraction of its peak."""
        for group in self.param_groups:
            group["lr"] = group["initial_lr"] * rate

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Updates all weights from their gradients at the current learning rates.

        Returns:
            The result of `closure`, which is called first, if it is given.
        """
        loss = evaluated(closure)
        for part in self._parts:
            part.step()
        return loss

    def __getstate__(self) -> dict[str, Any]:
        """What a copy has, if it is made together with its model."""
        own = {"_parts": self._parts, "_is_complete": True, "_names": self._names}
        return super().__getstate__() | own

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Loads a state of `state_dict`, of an optimizer with the same groups.

        Raises:
            ValueError: the groups differ.
        """
        super().load_state_dict(state_dict)
        self._share()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Refuses further weights: which optimizer a weight has follows from its place in the model.

        Raises:
            ValueError: always.
        """
        if self._is_complete:
            raise ValueError("an optimizer has the weights of its model: add them there, and call make_optimizer again")
        super().add_param_group(param_group)

    def _share(self) -> None:
        """Gives each part its groups of this optimizer, and the state of all."""
        groups = iter(self.param_groups)
        for part in self._parts:
            part.param_groups = [next(groups) for _ in part.param_groups]
            part.state = self.state

    def named_state(self) -> dict[str, Tensor]:
        """The state of the optimizer, as ``{weight's name}:{what}``."""
        return {
            f"{self._names[weight]}:{key}": value
            for weight, entry in self.state.items()
            for key, value in entry.items()
        }

    def named_shapes(self) -> dict[str, torch.Size]:
        """The shapes in `named_state` after a step: before, an optimizer has no state."""
        return {
            f"{self._names[weight]}:{key}": torch.Size() if key == "step" else weight.shape
            for part, weight in self._owned()
            for key in _REMEMBERED[type(part)]
        }

    def load_named_state(self, state: Mapping[str, Tensor]) -> None:
        """Loads a saved state with the names and shapes of `named_shapes`."""
        for part, weight in self._owned():
            saved = {key: state[f"{self._names[weight]}:{key}"] for key in _REMEMBERED[type(part)]}
            # Copied, because the saved tensors may be mapped from the file, which Windows could then not remove.
            self.state[weight] = {key: value.to(weight.device, copy=True) for key, value in saved.items()}

    def _owned(self) -> Iterator[tuple[torch.optim.Optimizer, nn.Parameter]]:
        return ((part, weight) for part in self._parts for group in part.param_groups for weight in group["params"])


def make_optimizer(config: OptimizerConfig, model: nn.Module) -> Optimizer:
    """Groups the weights and gives each group its optimizer; biases that balance experts have their own.

    The head and the final norm have the full learning rate; each layer below is multiplied by `layer_decay` once more,
    down to the embedding (Howard & Ruder 2018, section 3.2; Clark et al. 2020, appendix A). Layers of queries that
    should be small, such as T5's, have a proportionally lower rate: T5's own optimizer scales every weight's update by
    its size (Shazeer & Stern 2018, section 8).
    """
    biases = balance_biases(model)
    weights = {name: weight for name, weight in trained_weights(model).items() if name not in biases}
    sizes = query_sizes(model)
    shares = {name: config.layer_decay**layers * sizes.get(name, 1.0) for name, layers in layers_above(model).items()}
    parts = _MAKERS[config.kind](config, model, weights, shares)
    return Optimizer(model, [*parts, SignDescent(biases.values())] if biases else parts)


def _adamw(config: AdamWConfig, model: nn.Module, weights: Weights, shares: Shares) -> list[torch.optim.Optimizer]:
    return _adamw_over(config, weights, shares)


def _muon(config: MuonConfig, model: nn.Module, weights: Weights, shares: Shares) -> list[torch.optim.Optimizer]:
    matrices = block_matrices(model)
    others = {name: weight for name, weight in weights.items() if name not in matrices}
    parts = _adamw_over(config.adamw, others, shares)
    if not matrices:
        return parts
    muon = Muon(
        [{"params": own, "lr": config.learning_rate * share} for share, own in _by_share(matrices, shares)],
        learning_rate=config.learning_rate,
        momentum=config.momentum,
        iterations=config.iterations,
        weight_decay=config.weight_decay,
    )
    return [muon, *parts]


def trained_weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that are not frozen, by name."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def balance_biases(model: nn.Module) -> dict[str, dict[str, Any]]:
    """The biases that balance experts, each as a group with the rate of its layer."""
    balances = [(name, module) for name, module in model.named_modules() if isinstance(module, BalanceByBias)]
    return {
        f"{name}.bias": {"params": [module.bias], "lr": module.rate}
        for name, module in balances
        if module.bias.requires_grad
    }


def query_sizes(model: nn.Module) -> dict[str, float]:
    """The intended size of queries, by the names of the weights that produce them."""
    found = [(path, module) for path, module in model.named_modules() if isinstance(module, AnyAttention)]
    return {
        f"{path}.query.{name}": module.query_size
        for path, module in found
        for name, _ in module.query.named_parameters()
    }


def block_matrices(model: nn.Module) -> dict[str, nn.Parameter]:
    """The matrices of linear layers between the embedding and the logits, by name.

    The matrices at either end have a row or column per token, label, pixel or bin, and a router a row per expert: these
    rows are separate vectors, and Muon mixes rows.
    """
    ends = {module.projection for module in model.modules() if isinstance(module, PROJECTING)}
    inner = {
        f"{name}.weight"
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and not isinstance(module, Router) and module not in ends
    }
    return {name: weight for name, weight in trained_weights(model).items() if name in inner}


def _adamw_over(config: AdamWPartConfig, weights: Weights, shares: Shares) -> list[torch.optim.Optimizer]:
    matrices = {name: weight for name, weight in weights.items() if weight.dim() > 1}
    vectors = {name: weight for name, weight in weights.items() if weight.dim() <= 1}
    groups = [
        {"params": own, "lr": config.learning_rate * share, "weight_decay": decay}
        for some, decay in ((matrices, config.weight_decay), (vectors, 0.0))
        for share, own in _by_share(some, shares)
    ]
    if not groups:
        return []
    return [torch.optim.AdamW(groups, betas=(config.beta1, config.beta2), eps=config.epsilon, fused=True)]


def _by_share(weights: Weights, shares: Shares) -> list[tuple[float, list[nn.Parameter]]]:
    """Groups weights with the same fraction of the learning rate."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, weight in weights.items():
        groups.setdefault(shares[name], []).append(weight)
    return list(groups.items())


_REMEMBERED: dict[type[torch.optim.Optimizer], tuple[str, ...]] = {
    torch.optim.AdamW: ("step", "exp_avg", "exp_avg_sq"),
    Muon: ("mean",),
    SignDescent: (),
}
_MAKERS: dict[str, Callable[[Any, nn.Module, Weights, Shares], list[torch.optim.Optimizer]]] = {
    "adamw": _adamw,
    "muon": _muon,
}
