"""How fast the angles of rotary positions and waves grow, and how they are slowed down for longer texts."""

import math
from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

Scaling = Callable[[Tensor], Tensor]
"""From the angles of position 1, fastest first, to those that are used in their place."""


def frequencies(width: int, base: float, device: torch.device) -> Float[Tensor, " F"]:
    """base^(−2i/width), in fp32 whatever the model's weights are: in bf16 the angles of position 300 would be wrong."""
    return base ** (-torch.arange(0, width, 2, device=device, dtype=torch.float32) / width)


def unscaled(angles: Float[Tensor, " F"]) -> Float[Tensor, " F"]:
    """Leaves them as they are."""
    return angles


def linear(factor: float) -> Scaling:
    """All divided: as if positions lay closer together (Chen et al. 2023, eq. 4)."""
    return partial(_linear, factor=factor)


def _linear(angles: Float[Tensor, " F"], *, factor: float) -> Float[Tensor, " F"]:
    return angles / factor


def llama3(factor: float, slow: float, fast: float, context: int) -> Scaling:
    """Those that turn less than `slow` times in a text are divided, those that turn more than `fast` times kept.

    Between, the share that is kept grows with the number of turns (Llama 3.1, its own code).

    Args:
        factor: what is divided by.
        slow: turns.
        fast: turns.
        context: tokens of the longest text of training.
    """
    return partial(_llama3, factor=factor, slow=slow, fast=fast, context=context)


def _llama3(
    angles: Float[Tensor, " F"], *, factor: float, slow: float, fast: float, context: int
) -> Float[Tensor, " F"]:
    turns = context * angles / (2 * math.pi)
    kept = ((turns - slow) / (fast - slow)).clamp(0, 1)
    return kept * angles + (1 - kept) * angles / factor


def yarn(factor: float, slow: float, fast: float, base: float, context: int) -> Scaling:
    """The same, but that the share grows with the index of the angle (Peng et al. 2023, section 3.2; DeepSeek's code).

    Args:
        factor: what is divided by.
        slow: turns.
        fast: turns.
        base: of the angles.
        context: tokens of the longest text of training.
    """
    return partial(_yarn, factor=factor, slow=slow, fast=fast, base=base, context=context)


def _yarn(
    angles: Float[Tensor, " F"], *, factor: float, slow: float, fast: float, base: float, context: int
) -> Float[Tensor, " F"]:
    count = len(angles)

    def index(turns: float) -> float:
        """Of the angle that turns so often: base^(−i/count) · context = 2π · turns."""
        return count * math.log(context / (2 * math.pi * turns)) / math.log(base)

    first, last = max(math.floor(index(fast)), 0), min(math.ceil(index(slow)), 2 * count - 1)
    places = torch.arange(count, device=angles.device, dtype=angles.dtype)
    kept = 1 - ((places - first) / max(last - first, 0.001)).clamp(0, 1)
    return kept * angles + (1 - kept) * angles / factor
