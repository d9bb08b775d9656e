"""Formats of weights for inference: the one place where linear layers are replaced by others, and put back."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from cutaway.errors import UserError, nearest
from cutaway.model.measured import Way, fastest
from cutaway.model.transformer import Transformer
from cutaway.nn.embeddings import Embedding
from cutaway.nn.experts import Router
from cutaway.nn.latent import LatentAttention
from cutaway.nn.plain import is_plain
from cutaway.nn.quantized import store_in_4_bits, store_in_8_bits, usable_sums
from cutaway.nn.stored import Packed, Plain, StoredLinear, is_right

QUANTIZED = ("q8", "q4")
"""Formats of fewer bits."""
LEAST = 1 << 16
"""Numbers of a matrix from which ways are compared: below it, calls cost more than reading weights."""

Place = tuple[nn.Module, str, nn.Linear]
"""A module, and the name under which it has a linear layer."""


def require_format(quantize: str | None) -> None:
    """Rejects an unknown format.

    Raises:
        UserError: names the nearest.
    """
    if quantize is not None and quantize not in QUANTIZED:
        raise UserError(f"no quantized format is called {quantize!r}; {nearest(quantize, QUANTIZED)}")


@torch.no_grad()
def for_inference(model: Transformer, dtype: torch.dtype | None = None, quantize: str | None = None) -> Transformer:
    """Changes a model for inference: converts its weights, then packs or quantizes those of linear layers.

    Linear layers are replaced, except routers of experts, which stay in fp32, those of embeddings, and the keys and
    values of latent attention, whose weights decoding absorbs. Without quantization, a layer is packed if that is
    measured to be faster on this machine.

    Args:
        model: changed in place; its weights need no gradient any more.
        dtype: of its weights; None to leave it.
        quantize: `q8`, `q4` or None.
    """
    _convert(model, dtype)
    model.requires_grad_(False)
    tables = {
        id(one): one for module in model.modules() if isinstance(module, nn.Embedding) for one in module.parameters()
    }
    for places in _by_shape(model):
        store = _WAYS[quantize]([layer.weight for _, _, layer in places])
        while places and store is not None:
            module, name, layer = places.pop()  # so that its memory is freed before the next is stored
            stored = store(layer.weight)
            setattr(module, name, StoredLinear(stored, layer, tables.get(id(layer.weight))))
    return model


def with_plain_weights(model: Transformer) -> Transformer:
    """The model itself if all its weights are plain; otherwise a copy that has plain layers in their place."""
    stored = [module for module in model.modules() if isinstance(module, StoredLinear)]
    copies: dict[int, Any] = {}
    for module in stored:  # with these copies known, one table is copied for all that are tied to it
        copies[id(module)] = deepcopy(module.to_plain(), copies)
    return deepcopy(model, copies) if copies else model


def format_of(model: nn.Module) -> str | None:
    """The quantized format of a model, `packed` if layers are packed, or None."""
    forms = {module.stored.form for module in model.modules() if isinstance(module, StoredLinear)}
    return next(iter(forms), None)


def require_unquantized(model: nn.Module, what: str) -> None:
    """Refuses a quantized model.

    Args:
        model: any.
        what: what it cannot be, as in ``trained``.

    Raises:
        UserError: it is quantized.
    """
    if (quantize := format_of(model)) in QUANTIZED:
        raise UserError(f"a model quantized to {quantize} cannot be {what}: load it without quantize={quantize}")


def is_unrounded(model: nn.Module) -> bool:
    """Whether all weights are in fp32, none of them quantized."""
    return format_of(model) not in QUANTIZED and all(weight.dtype == torch.float32 for weight in model.parameters())


def count_weights(model: nn.Module) -> int:
    """The number of weights, each once, whatever their format."""
    stored = [module for module in model.modules() if isinstance(module, StoredLinear) and module.tied is None]
    return sum(one.numel() for one in model.parameters()) + sum(one.in_features * one.out_features for one in stored)


def _convert(model: nn.Module, dtype: torch.dtype | None) -> None:
    if dtype is None:
        return
    routers = [(module, module.weight.detach().clone()) for module in model.modules() if isinstance(module, Router)]
    model.to(dtype)
    for router, weight in routers:
        router.weight = nn.Parameter(weight.float())


def _by_shape(model: nn.Module) -> list[list[Place]]:
    """The linear layers to replace, those of one shape together: each is measured once."""
    places = sorted(_places(model), key=lambda place: place[2].weight.shape)
    return [list(group) for _, group in groupby(places, key=lambda place: place[2].weight.shape)]


def _places(model: nn.Module) -> Iterator[Place]:
    kept = {id(part) for module in model.modules() if isinstance(module, Embedding) for part in module.modules()}
    kept |= {id(part) for one in model.modules() if isinstance(one, LatentAttention) for part in (one.key, one.value)}
    for module in model.modules():
        for name, layer in module.named_children():
            if isinstance(layer, nn.Linear) and id(layer) not in kept and is_plain(layer):
                yield module, name, layer


def _plain_or_packed(weights: Sequence[Tensor]) -> Way | None:
    one = weights[0]
    if one.numel() < LEAST or not is_right(Packed, one.shape, one.dtype, one.device):
        return None
    return Packed if fastest({"plain": Plain, "packed": Packed}, weights) == "packed" else None


def _in_8_bits(weights: Sequence[Tensor]) -> Way:
    kernels = usable_sums(weights[0].shape, weights[0].device)
    ways = {name: partial(store_in_8_bits, kernel=kernel) for name, kernel in kernels.items()}
    if weights[0].numel() < LEAST or len(ways) == 1:
        return next(iter(ways.values()))
    return ways[fastest(ways, weights)]


def _in_4_bits(weights: Sequence[Tensor]) -> Way:
    return store_in_4_bits


_WAYS: dict[str | None, Callable[[Sequence[Tensor]], Way | None]] = {
    None: _plain_or_packed,
    "q8": _in_8_bits,
    "q4": _in_4_bits,
}
"""What chooses how matrices of one shape are stored, by the format; None where layers stay as they are."""
