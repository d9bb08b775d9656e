"""Frequencies of rotary and sinusoidal positions, and their scaling for longer contexts.

The length of a text is its last position plus one, whatever its padding.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

Scaling = Callable[[Tensor, Tensor], Tensor]
"""From the frequencies, highest first, and the positions (B, T), to those used in their place: (F) or (B, 1, 1, F)."""


Positions = Int[Tensor, "#B T"]


def frequencies(width: int, base: float, device: torch.device) -> Float[Tensor, " F"]:
    """base^(−2i/width), in fp32 whatever the model's dtype: in bf16 the angles of position 300 would be wrong.

    All computations here are in the order of `transformers`, so that the numbers are the same to the last bit.
    """
    return 1.0 / _inverse(width, base, device)


def inclusive_frequencies(width: int, base: float, device: torch.device) -> Float[Tensor, " F"]:
    """base^(−i/(F − 1)) for F = ⌊width/2⌋ frequencies: from 1 to 1/base, both included, as in tensor2tensor."""
    count = width // 2
    return 1.0 / base ** (torch.arange(count, device=device, dtype=torch.float32) / (count - 1))


def _inverse(width: int, base: float, device: torch.device) -> Float[Tensor, " F"]:
    return base ** (torch.arange(0, width, 2, device=device, dtype=torch.float32) / width)


def unscaled(angles: Float[Tensor, " F"], positions: Positions) -> Float[Tensor, " F"]:
    """Unscaled frequencies."""
    return angles


def linear(factor: float) -> Scaling:
    """All frequencies divided: positions are interpolated (Chen et al. 2023, eq. 4)."""
    return partial(_linear, factor=factor)


def _linear(angles: Float[Tensor, " F"], positions: Positions, *, factor: float) -> Float[Tensor, " F"]:
    return angles / factor


def llama3(factor: float, slow: float, fast: float, context: int) -> Scaling:
    """Divides frequencies with fewer than `slow` turns per context, and keeps those with more than `fast` turns.

    In between, the weight of the unscaled frequency grows linearly with the number of turns (Llama 3.1's own code).

    Args:
        factor: the divisor.
        slow: turns.
        fast: turns.
        context: the training context in tokens.
    """
    return partial(_llama3, factor=factor, slow=slow, fast=fast, context=context)


def _llama3(
    angles: Float[Tensor, " F"], positions: Positions, *, factor: float, slow: float, fast: float, context: int
) -> Float[Tensor, " F"]:
    turns = context / (2 * math.pi / angles)
    kept = ((turns - slow) / (fast - slow)).clamp(0, 1)
    return (1 - kept) * angles / factor + kept * angles


def yarn(factor: float, slow: float, fast: float, base: float, context: int) -> Scaling:
    """As `llama3`, but the weight grows with the frequency's index (Peng et al. 2023, section 3.2; DeepSeek's code).

    Args:
        factor: the divisor.
        slow: turns.
        fast: turns.
        base: of the frequencies.
        context: the training context in tokens.
    """
    return partial(_yarn, factor=factor, slow=slow, fast=fast, base=base, context=context)


def _yarn(
    angles: Float[Tensor, " F"],
    positions: Positions,
    *,
    factor: float,
    slow: float,
    fast: float,
    base: float,
    context: int,
) -> Float[Tensor, " F"]:
    count = len(angles)

    def index(turns: float) -> float:
        """The index of the frequency with so many turns per context: base^(−i/count) · context = 2π · turns."""
        return 2 * count * math.log(context / (turns * 2 * math.pi)) / (2 * math.log(base))

    first, last = max(math.floor(index(fast)), 0), min(math.ceil(index(slow)), 2 * count - 1)
    places = torch.arange(count, device=angles.device, dtype=angles.dtype)
    kept = 1 - ((places - first) / max(last - first, 0.001)).clamp(0, 1)
    divided = 1.0 / (factor * _inverse(2 * count, base, angles.device))
    return divided * (1 - kept) + angles * kept


def dynamic(factor: float, base: float, context: int) -> Scaling:
    """Frequencies of a base that grows with the length L of a text (dynamic NTK; Peng et al. 2023, section 3.3).

    base · (factor · L / context − factor + 1)^(D/(D − 2)); unscaled within the context.

    Args:
        factor: how fast the base grows.
        base: of the unscaled frequencies.
        context: the training context in tokens.
    """
    return partial(_dynamic, factor=factor, base=base, context=context)


def _dynamic(
    angles: Float[Tensor, " F"], positions: Positions, *, factor: float, base: float, context: int
) -> Float[Tensor, "#B 1 1 F"]:
    width = 2 * len(angles)
    growth = factor * (_length(positions).clamp(min=context) / context) - (factor - 1)
    powers = torch.arange(0, width, 2, device=angles.device, dtype=torch.float32) / width
    return 1.0 / (base * growth ** (width / (width - 2))) ** powers


def longrope(short: Sequence[float], long: Sequence[float], context: int) -> Scaling:
    """Divides each frequency by a factor of its own: `long` in texts beyond the context, `short` in others.

    LongRoPE (Ding et al. 2024, section 3.2), as in Phi-3's own code.
    """
    return partial(_longrope, short=tuple(short), long=tuple(long), context=context)


def _longrope(
    angles: Float[Tensor, " F"],
    positions: Positions,
    *,
    short: tuple[float, ...],
    long: tuple[float, ...],
    context: int,
) -> Float[Tensor, "#B 1 1 F"]:
    within, beyond = (torch.tensor(factors, device=angles.device, dtype=angles.dtype) for factors in (short, long))
    factors = torch.where(_length(positions) > context, beyond, within)
    return 1.0 / (factors / angles)


def _length(positions: Positions) -> Int[Tensor, "#B 1 1 1"]:
    """The length of each text."""
    return positions.amax(dim=1)[:, None, None, None] + 1
