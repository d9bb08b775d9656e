"""The cost of a model: parameters, memory, activations."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cutaway.model.transformer import DecoderOnly, EncoderDecoder, EncoderOnly, Transformer


@dataclass(frozen=True)
class Cost:
    """Sizes of a model and of its training, in bytes except for `parameters`."""

    parameters: int
    weights: int
    gradients: int
    optimizer: int
    cache_per_token: int


def cost(model: Transformer, optimizer_tensors: dict[str, int]) -> Cost:
    """The cost of a model, which may be on the meta device.

    Args:
        model: any model.
        optimizer_tensors: for each weight's name, the number of tensors of its size that the optimizer keeps.
    """
    weights = dict(model.named_parameters())
    nbytes = sum(weight.nbytes for weight in weights.values())
    kept = sum(weights[name].nbytes * tensors for name, tensors in optimizer_tensors.items())
    return Cost(
        parameters=sum(weight.numel() for weight in weights.values()),
        weights=nbytes,
        gradients=sum(weight.nbytes for weight in weights.values() if weight.requires_grad),
        optimizer=kept,
        cache_per_token=cache_of_a_token(model),
    )


def cache_of_a_token(model: Transformer) -> int:
    """Bytes per generated token in the cache; 0 for an encoder."""
    match model:
        case DecoderOnly():
            return model.make_cache(batch=1, slots=1).nbytes
        case EncoderDecoder():
            return model.make_cache(batch=1, slots=1, source_slots=0).nbytes
        case EncoderOnly():
            return 0


def saved_for_backward(model: nn.Module, forward: Callable[[], Tensor]) -> int:
    """Runs a forward pass and counts the bytes of activations that it keeps for the backward pass."""
    own = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, int] = {}

    def remember(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        forward()
    return sum(kept.values())
