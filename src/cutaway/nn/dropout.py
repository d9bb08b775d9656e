"""Zeroing at random while training (Srivastava et al. 2014)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

LEVELS = 1 << 16


def drop(x: Float[Tensor, "..."], share: float, training: bool = True) -> Float[Tensor, "..."]:
    """Zeroes this share of the numbers in training, and scales the others up so that their mean stays.

    Each number is kept or not by 16 bits of torch's generator, so the share is exact to 1/65,536. Torch's own dropout
    draws 64 bits a number, one after the other: a fifth of the time of training a small model on two cores.
    """
    if not training or share == 0:
        return x
    zeroed = min(round(share * LEVELS), LEVELS - 1)
    draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(1 << 63), None)
    levels = draws.view(torch.int16)[: x.numel()].view(x.shape)
    return x * ((levels >= zeroed - LEVELS // 2).to(x.dtype) * (LEVELS / (LEVELS - zeroed)))


class Dropout(nn.Module):
    """`drop` of a fixed share, while the module is training."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Zeroes and scales, or leaves x as it is."""
        return drop(x, self.share, self.training)
