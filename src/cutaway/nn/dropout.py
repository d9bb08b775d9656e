"""Dropout (Srivastava et al. 2014)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

LEVELS = 1 << 16


def drop(x: Float[Tensor, "..."], share: float, training: bool = True) -> Float[Tensor, "..."]:
    """Zeroes this fraction of the elements in training, and scales up the others to keep the mean.

    Each element uses 16 bits of torch's generator, so the fraction is exact to 1/65,536. Torch's own dropout draws 64
    bits per element, sequentially: a fifth of the time of training a small model on two cores.
    """
    if not training or share == 0:
        return x
    zeroed = min(round(share * LEVELS), LEVELS - 1)
    draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(1 << 63), None)
    levels = draws.view(torch.int16)[: x.numel()].view(x.shape)
    return x * ((levels >= zeroed - LEVELS // 2).to(x.dtype) * (LEVELS / (LEVELS - zeroed)))


class Dropout(nn.Module):
    """`drop` with a fixed fraction, in training mode only."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Zeroes elements and scales the others, or returns x unchanged."""
        return drop(x, self.share, self.training)
