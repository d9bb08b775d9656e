"""Normalisation over the width of each token."""

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
        self.shape = (width,)
        self.weight = nn.Parameter(torch.ones(width)) if weight else None

    def forward(self, x: Float[Tensor, "*B C"]) -> Float[Tensor, "*B C"]:
        """Normalises the last axis."""
        return F.rms_norm(x, self.shape, self.weight, self.epsilon)
