"""Linear layers for inference, whose weights are stored in the form that a kernel reads fastest."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.errors import UserError
from cutaway.nn.layers import linear_over, without_autocast

NEAR = {torch.float32: 1e-4, torch.float16: 2**-8, torch.bfloat16: 2**-6}
"""How far products of a right kernel may be from the plain ones, relative to the largest."""
FEW = 16
"""The most rows that are multiplied as columns."""


class Stored(ABC):
    """A matrix W, (outputs, inputs), in the form of a kernel. It never changes.

    Copies share it, since torch cannot copy some of these tensors; a pickle holds `parts`.
    """

    form: str
    """Its name for people."""
    dtype: torch.dtype | None = None
    """The only dtype that it computes in; None if any."""
    device: torch.device
    """The only device that it computes on."""

    @abstractmethod
    def product(self, x: Float[Tensor, "*B C"], bias: Tensor | None) -> Float[Tensor, "*B N"]:
        """The product x Wᵀ + b in the dtype of x, which has at least one row."""

    @abstractmethod
    def plain(self) -> Float[Tensor, "N C"]:
        """W."""

    @abstractmethod
    def parts(self) -> tuple[Any, ...]:
        """The arguments that make it."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Stored":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.parts()


class StoredLinear(nn.Module):
    """y = x Wᵀ + b with a fixed W, which is no parameter; in `state_dict` it is as in the plain layer.

    If x needs a gradient, the product is computed from the plain matrix: kernels have none.

    Args:
        stored: W.
        linear: the plain layer.
        tied: its weight, if that stays in use elsewhere, as the table of the tokens.
    """

    def __init__(self, stored: Stored, linear: nn.Linear, tied: nn.Parameter | None = None) -> None:
        super().__init__()
        self.in_features = linear.in_features
        self.out_features = linear.out_features
        self.bias = linear.bias
        self.stored = stored
        self._tied = (tied,)  # in a tuple, because it is registered elsewhere

    @property
    def weight(self) -> Float[Tensor, "N C"]:
        """W, computed on each access."""
        return self.stored.plain()

    def forward(self, x: Float[Tensor, "*B C"]) -> Float[Tensor, "*B N"]:
        """Computes y in the dtype of x."""
        if x.requires_grad and torch.is_grad_enabled():
            return F.linear(x, self.weight.to(x.dtype), self.bias)
        if x.numel() == 0:  # an expert that no token chose
            return x.new_zeros(*x.shape[:-1], self.out_features)
        return self.stored.product(x, self.bias)

    @property
    def tied(self) -> nn.Parameter | None:
        """The weight of the plain layer, if it stays in use elsewhere."""
        return self._tied[0]

    def to_plain(self) -> nn.Linear:
        """The plain layer; if its weight was tied, it is again, and so without the rounding of a quantized one."""
        layer = linear_over(self.tied if self.tied is not None else nn.Parameter(self.weight, requires_grad=False))
        layer.bias = self.bias
        return layer

    def extra_repr(self) -> str:
        """What `print(model)` shows."""
        bias = self.bias is not None
        return f"{self.stored.form}, in_features={self.in_features}, out_features={self.out_features}, bias={bias}"

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        destination[f"{prefix}weight"] = self.weight
        super()._save_to_state_dict(destination, prefix, keep_vars)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        """Refuses another device, or another dtype than that of the kernel.

        Raises:
            UserError: the matrix would have to change.
        """
        empty = torch.empty(0, dtype=self.stored.dtype or torch.float32, device=self.stored.device)
        moved = fn(empty)
        if moved.device != empty.device or (self.stored.dtype is not None and moved.dtype != empty.dtype):
            raise UserError(
                f"{self.stored.form} weights cannot be converted: load the model in the dtype and on the device"
            )
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]


class Plain(Stored):
    """W in rows, as in `nn.Linear`."""

    form = "plain"

    def __init__(self, weight: Float[Tensor, "N C"]) -> None:
        self.dtype, self.device = weight.dtype, weight.device
        self._weight = weight

    def product(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """The product."""
        return F.linear(x, self._weight, bias)

    def plain(self) -> Tensor:
        """As given."""
        return self._weight

    def parts(self) -> tuple[Any, ...]:
        """W."""
        return (self._weight,)


class Columns(Plain):
    """W in rows, by which up to `FEW` rows of x are multiplied as columns, W xᵀ.

    On two cores with AMX and matrices of SmolLM2-135M in bf16, that takes 0.7 of the time of x Wᵀ for 1 to 16 rows.
    """

    form = "columns"

    def product(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """The same as `F.linear`."""
        rows = x.reshape(-1, x.shape[-1])
        if len(rows) > FEW:
            return F.linear(x, self._weight, bias)
        # one column alone is slow unless it is a vector
        y = torch.mv(self._weight, rows[0]) if len(rows) == 1 else torch.mm(self._weight, rows.T).T
        y = y.reshape(*x.shape[:-1], len(self._weight))
        return y if bias is None else y + bias


class Packed(Stored):
    """W in oneDNN's blocks; the operators are private to torch, so they are checked before use (`is_right`)."""

    form = "packed"

    def __init__(self, weight: Float[Tensor, "N C"]) -> None:
        self.dtype, self.device = weight.dtype, weight.device
        self._blocks = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), 1)

    def product(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """The same as `F.linear`."""
        y = torch.ops.mkldnn._linear_pointwise(x.to(self.dtype), self._blocks, bias, "none", [], "")
        return y.to(x.dtype)

    def plain(self) -> Tensor:
        """The numbers that were packed."""
        return self._blocks.to_dense()

    def parts(self) -> tuple[Any, ...]:
        """W."""
        return (self.plain(),)


@cache
def is_right(make: Callable[[Tensor], Stored], weight: torch.Size, dtype: torch.dtype, device: torch.device) -> bool:
    """Whether a kernel exists here, and multiplies a random matrix of this shape as the plain product does.

    Args:
        make: stores a matrix.
        weight: the shape of the matrix.
        dtype: of the inputs.
        device: of both.
    """
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(weight, generator=generator).to(device, dtype)
    x = torch.randn(3, weight[1], generator=generator).to(device, dtype)
    try:
        stored = make(drawn)
        found, plain = [stored.product(rows, None) for rows in (x, x[:1])], stored.plain()
    except (RuntimeError, AttributeError, NotImplementedError):  # of an operator that is missing or does not take it
        return False
    with without_autocast(device):
        expected = F.linear(x.double(), plain.double())
    bound = NEAR[dtype] * expected.abs().max()
    return all(bool(((y - expected[: len(y)]).abs() <= bound).all()) for y in found)
