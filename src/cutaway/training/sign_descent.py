"""Sign descent: every parameter moves by the same amount."""

from collections.abc import Callable, Iterable
from typing import Any

import torch

from cutaway.training.muon import evaluated


class SignDescent(torch.optim.Optimizer):
    """weight −= rate · sign(gradient), for the biases that balance experts (Wang et al. 2024, algorithm 1)."""

    def __init__(self, groups: Iterable[dict[str, Any]]) -> None:
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Applies one update, from the current gradients.

        Returns:
            The result of `closure`, which is called first, if it is given.
        """
        loss = evaluated(closure)
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.add_(weight.grad.sign(), alpha=-group["lr"])
        return loss
