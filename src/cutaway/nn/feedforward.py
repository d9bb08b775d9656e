"""Feed-forward networks, which transform each token separately."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.nn.dropout import Dropout
from cutaway.tap import tap

Activation = Callable[[Tensor], Tensor]


def gelu_tanh(x: Tensor) -> Tensor:
    """The tanh approximation of GELU, as in GPT-2 (Hendrycks & Gimpel 2016, section 2)."""
    return F.gelu(x, approximate="tanh")


def squared_relu(x: Tensor) -> Tensor:
    """max(x, 0)² (So et al. 2021, "Primer", section 4)."""
    if not torch.is_grad_enabled():  # the bookkeeping of a function with its own derivative takes longer than one token
        return x.relu().square()
    y, _ = _SquaredReLU.apply(x)  # type: ignore[no-untyped-call]  # torch gives it no types
    squared: Tensor = y
    return squared


class _SquaredReLU(torch.autograd.Function):
    """y = r² with r = max(x, 0), and dx = 2 r · dy: two passes over memory in the backward pass instead of five.

    Both y and r are outputs, so that derivatives of any order account for the dependence of r on x.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        positive = x.relu()
        return positive.square(), positive

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        ctx.set_materialize_grads(False)  # the second gradient is zero except for higher derivatives
        ctx.save_for_backward(output[1])
        ctx.save_for_forward(output[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None, positive_gradient: Tensor | None) -> Tensor | None:
        (positive,) = ctx.saved_tensors
        total = None if gradient is None else (gradient * positive).mul_(2)
        if positive_gradient is None:
            return total
        through = positive_gradient * (positive > 0)
        return through if total is None else total + through

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> tuple[Tensor, Tensor]:
        (positive,) = ctx.saved_tensors
        return 2 * positive * tangent, tangent * (positive > 0)


ACTIVATIONS: dict[str, Activation] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": gelu_tanh,
    "silu": F.silu,
    "tanh": torch.tanh,
    "squared_relu": squared_relu,
}


class Dense(nn.Module):
    """y = down(activation(up(x))) (Vaswani et al. 2017, section 3.3)."""

    taps = ("input", "hidden", "out")

    def __init__(
        self, width: int, hidden: int, activation: Activation, *, bias: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.up = nn.Linear(width, hidden, bias=bias)
        self.down = nn.Linear(hidden, width, bias=bias)
        self.activation = activation
        self.dropout = Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        """Transforms each token."""
        x = tap("input", x)
        hidden = tap("hidden", self.activation(self.up(x)))  # (B, T, F)
        return tap("out", self.down(self.dropout(hidden)))


class Gated(nn.Module):
    """y = down(activation(gate(x)) · up(x)): SwiGLU with SiLU, GEGLU with GELU (Shazeer 2020, eq. 6)."""

    taps = ("input", "gate", "hidden", "out")
    same_input = ("gate", "up")

    def __init__(
        self, width: int, hidden: int, activation: Activation, *, bias: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.gate = nn.Linear(width, hidden, bias=bias)
        self.up = nn.Linear(width, hidden, bias=bias)
        self.down = nn.Linear(hidden, width, bias=bias)
        self.activation = activation
        self.dropout = Dropout(dropout)

    def forward(self, x: Float[Tensor, "*B C"]) -> Float[Tensor, "*B C"]:
        """Transforms each token."""
        x = tap("input", x)
        gate = tap("gate", self.activation(self.gate(x)))  # (B, T, F)
        hidden = tap("hidden", gate * self.up(x))  # (B, T, F)
        return tap("out", self.down(self.dropout(hidden)))
