"""Clipping gradients by their global norm (Pascanu et al. 2013, algorithm 1)."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn


def clip_gradients(parameters: Iterable[nn.Parameter], limit: float | None = None, *, count: int = 1) -> float:
    """Scales all gradients by one factor, so that their norm as one vector is at most `limit`.

    The norm is computed in fp32 at least. Parameters without a gradient are left out. If the norm is not finite, no
    factor would help: then the gradients are not clipped, and it is for the caller to refuse the step.

    Args:
        parameters: of any dtypes, on any devices.
        limit: the largest norm; None does not clip.
        count: what the gradients are divided by first, if they are those of a sum.

    Returns:
        The norm before clipping, after the division by `count`.

    Raises:
        ValueError: the limit is not positive.
    """
    if limit is not None and not limit > 0:
        raise ValueError(f"the limit of a norm is positive, not {limit}; None does not clip")
    gradients = [weight.grad for weight in parameters if weight.grad is not None]
    if not gradients:
        return 0.0
    norm = torch.nn.utils.get_total_norm([_exact(gradient) for gradient in gradients]).item() / count
    is_long = limit is not None and limit < norm < math.inf
    factor = (limit / norm if limit is not None and is_long else 1.0) / count
    if factor != 1:
        torch._foreach_mul_(gradients, factor)
    return norm


def _exact(gradient: Tensor) -> Tensor:
    """A sum of squares in a narrower dtype would be inaccurate, or overflow."""
    return gradient.to(torch.promote_types(gradient.dtype, torch.float32))
