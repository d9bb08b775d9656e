"""Layers over a matrix that exists already: one that others hold too, or one that is drawn when a model is whole."""

import torch
from torch import nn


def linear_over(weight: nn.Parameter, *, bias: bool = False) -> nn.Linear:
    """A linear layer whose weight is this very parameter, (outputs, inputs)."""
    with torch.device("meta"):  # so that no matrix is made only to be thrown away
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight = weight
    if bias:
        layer.bias = nn.Parameter(torch.zeros(weight.shape[0]))
    return layer


def embedding_over(weight: nn.Parameter) -> nn.Embedding:
    """An embedding whose table is this very parameter, (entries, width)."""
    with torch.device("meta"):
        layer = nn.Embedding(*weight.shape)
    layer.weight = weight
    return layer
