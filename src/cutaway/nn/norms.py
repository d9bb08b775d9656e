"""Normalisation of each token over its channels."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class LayerNorm(nn.Module):
    """y = (x − mean(x)) / √(var(x) + ε) · weight + bias (Ba et al. 2016, eq. 4)."""

    def __init__(self, width: int, *, epsilon: float = 1e-5, weight: bool = True, bias: bool = True) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.shape = (width,)
        self.weight = nn.Parameter(torch.ones(width)) if weight else None
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Float[Tensor, "*B C"]) -> Float[Tensor, "*B C"]:
        """Normalises the last axis."""
        return F.layer_norm(x, self.shape, self.weight, self.bias, self.epsilon)


class RMSNorm(nn.Module):
    """y = x / √(mean(x²) + ε) · weight (Zhang & Sennrich 2019, eq. 4)."""

    def __init__(self, width: int, *, epsilon: float = 1e-6, weight: bool = True) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.ones(width)) if weight else None

    def forward(self, x: Float[Tensor, "*B C"]) -> Float[Tensor, "*B C"]:
        """Normalises the last axis."""
        unit = unit_rms(x, self.epsilon)
        return unit if self.weight is None else unit * self.weight


class ZeroCentredRMSNorm(nn.Module):
    """y = x / √(mean(x²) + ε) · (1 + weight), in fp32 whatever the dtype (Gemma's own code)."""

    def __init__(self, width: int, *, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.zeros(width))

    def forward(self, x: Float[Tensor, "*B C"]) -> Float[Tensor, "*B C"]:
        """Normalises the last axis."""
        wide = torch.promote_types(x.dtype, torch.float32)
        return (unit_rms(x.to(wide), self.epsilon) * (1 + self.weight.to(wide))).to(x.dtype)


def unit_rms(x: Float[Tensor, "*B C"], epsilon: float) -> Float[Tensor, "*B C"]:
    """X / √(mean(x²) + ε), which has a mean square of about 1.

    Without gradients, torch's own, which gives the same bits: the bookkeeping of a function with its own derivative
    takes four times as long as the norm of one token.
    """
    if not torch.is_grad_enabled():
        return F.rms_norm(x, x.shape[-1:], None, epsilon)
    y, _ = _UnitRMS.apply(x, epsilon)  # type: ignore[no-untyped-call]  # torch gives it no types
    unit: Tensor = y
    return unit


class _UnitRMS(torch.autograd.Function):
    """y = x · s with s = 1 / √(mean(x²) + ε), and dx = (dy − y · mean(dy · y)) · s.

    The same values as torch's own in about half the time on a CPU. Both y and s are outputs, so that derivatives of any
    order account for the dependence of s on x. s and the product are in fp32 at least; y has the dtype of x.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))  # a sum of squares in bf16 would be inaccurate
        scale = (wide.square().mean(dim=-1, keepdim=True) + epsilon).rsqrt()
        return (wide * scale).to(x.dtype), scale

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: tuple[Tensor, Tensor]) -> None:
        ctx.save_for_backward(*output)
        ctx.save_for_forward(*output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, scale_gradient: Tensor) -> tuple[Tensor, None]:
        y, scale = ctx.saved_tensors
        wide, unit = gradient.to(scale.dtype), y.to(scale.dtype)
        along = (wide * unit).mean(dim=-1, keepdim=True) + scale_gradient * scale / y.shape[-1]
        return (torch.addcmul(wide, unit, along, value=-1) * scale).to(y.dtype), None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, _: None) -> tuple[Tensor, Tensor]:
        y, scale = ctx.saved_tensors
        wide, unit = tangent.to(scale.dtype), y.to(scale.dtype)
        along = (wide * unit).mean(dim=-1, keepdim=True)
        return ((wide - unit * along) * scale).to(y.dtype), -along * scale.square()
