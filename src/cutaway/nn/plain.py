"""Whether a linear layer may be replaced by a faster form that uses its weight instead of calling it."""

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def is_plain(*layers: nn.Module) -> bool:
    """True if calling these layers computes x Wᵀ + b and nothing else.

    False for an adapter, a quantized layer, a parametrization, a sharded or offloaded weight, or a hook, `capture`'s
    included: a form that does not call the layer would bypass each of them.
    """
    return not _has_any_global_hook() and all(_is_plain(layer) for layer in layers)


def _is_plain(layer: nn.Module) -> bool:
    return (
        type(layer) is nn.Linear
        and "forward" not in vars(layer)  # replaced on the instance, as offloading does
        and not any(getattr(layer, hooks) for hooks in HOOKS)
        and type(layer.weight) is nn.Parameter
        and type(layer.weight.data) is Tensor
        and layer.weight.layout is torch.strided
    )
