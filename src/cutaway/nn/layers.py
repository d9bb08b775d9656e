"""What many layers need: layers over an existing parameter, and checks of an input's axes and dtype."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn


def require_axes(x: Tensor, what: str, axes: str) -> None:
    """Refuses an input with more or fewer axes than these.

    Args:
        x: the input.
        what: its name in the error, in the plural.
        axes: the letters of its sizes, separated by spaces.

    Raises:
        ValueError: the number of axes differs; if one is missing, the error says how to add the batch dimension.
    """
    expected = axes.split()
    if x.dim() == len(expected):
        return
    lacks_batch = x.dim() == len(expected) - 1
    hint = ": the batch dimension is missing, add it with x[None]" if lacks_batch else ""
    raise ValueError(f"{what} have the shape ({', '.join(expected)}), but here it is {tuple(x.shape)}{hint}")


def dtype_of(module: nn.Module, otherwise: torch.dtype) -> torch.dtype:
    """The dtype of a module's floating-point parameters; `otherwise` if it has none, as when all are quantized."""
    return next((weight.dtype for weight in module.parameters() if weight.is_floating_point()), otherwise)


def linear_over(weight: nn.Parameter, *, bias: bool = False) -> nn.Linear:
    """A linear layer whose weight is this parameter, (outputs, inputs)."""
    with torch.device("meta"):  # so that no other matrix is allocated
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight = weight
    if bias:
        layer.bias = nn.Parameter(torch.zeros(weight.shape[0]))
    return layer


def embedding_over(weight: nn.Parameter) -> nn.Embedding:
    """An embedding whose table is this parameter, (entries, width)."""
    with torch.device("meta"):
        layer = nn.Embedding(*weight.shape)
    layer.weight = weight
    return layer


def without_autocast(device: torch.device) -> AbstractContextManager[None]:
    """Computes in the dtypes of the tensors while the block lasts."""
    knows_autocast = torch.amp.is_autocast_available(device.type)  # not for meta tensors
    return torch.autocast(device.type, enabled=False) if knows_autocast else nullcontext()
