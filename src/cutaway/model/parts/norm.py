"""From a choice of normalisation to its module."""

from collections.abc import Callable

from torch import nn

from cutaway.config.model import ModelConfig
from cutaway.config.norm import RMSNormConfig
from cutaway.nn.norms import LayerNorm, RMSNorm, ZeroCentredRMSNorm


def make_norm(c: ModelConfig, width: int | None = None, *, epsilon: float | None = None) -> nn.Module:
    """A norm over the model's width and with its epsilon, or over others."""
    return _NORMS[c.norm.kind](c.norm, width or c.width, epsilon or c.norm.epsilon)


def _rms(n: RMSNormConfig, width: int, epsilon: float) -> nn.Module:
    if n.zero_centred:
        return ZeroCentredRMSNorm(width, epsilon=epsilon)
    return RMSNorm(width, epsilon=epsilon, weight=n.weight)


_NORMS: dict[str, Callable[..., nn.Module]] = {
    "layer": lambda n, width, epsilon: LayerNorm(width, epsilon=epsilon, weight=n.weight, bias=n.bias),
    "rms": _rms,
}
