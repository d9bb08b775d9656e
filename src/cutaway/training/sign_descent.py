"""Sign descent: every parameter moves by the same amount."""

from collections.abc import Iterable
from typing import Any

import torch


class SignDescent(torch.optim.Optimizer):
    """weight −= rate · sign(gradient), for the biases that balance experts (Wang et al. 2024, algorithm 1)."""

    def __init__(self, groups: Iterable[dict[str, Any]]) -> None:
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # a closure would make no sense here
        """Applies one update, from the current gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.add_(weight.grad.sign(), alpha=-group["lr"])
