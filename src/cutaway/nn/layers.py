"""Layers over an existing parameter: one that is shared, or one that is initialised later."""

import torch
from torch import nn


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
