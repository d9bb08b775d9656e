"""Formats of weights for inference: the one place where linear layers are replaced by others, and put back."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from cutaway.errors import UserError, nearest
from cutaway.model.block import AnyBlock
from cutaway.model.measured import Way, fastest
from cutaway.model.transformer import Transformer
from cutaway.nn.embeddings import Embedding
from cutaway.nn.experts import Router
from cutaway.nn.joint import store_together
from cutaway.nn.latent import LatentAttention
from cutaway.nn.plain import is_plain
from cutaway.nn.quantized import store_in_4_bits, store_in_8_bits, usable_sums
from cutaway.nn.stored import Columns, Packed, Plain, StoredLinear, is_right

QUANTIZED = ("q8", "q4")
"""Formats of fewer bits."""
LEAST = 1 << 16
"""Numbers of a matrix from which ways are compared: below it, calls cost more than reading weights."""

Place = tuple[nn.Module, str, nn.Linear]
"""A module, and the name under which it has a linear layer."""
Group = Sequence[Place]
"""Layers that are given the same input, or one alone; they are stored together."""


def require_format(quantize: str | None) -> None:
    """Rejects an unknown format.

    Raises:
        UserError: names the nearest.
    """
    if quantize is not None and quantize not in QUANTIZED:
        raise UserError(f"no quantized format is called {quantize!r}; {nearest(quantize, QUANTIZED)}")


@torch.no_grad()
def for_inference(model: Transformer, dtype: torch.dtype | None = None, quantize: str | None = None) -> Transformer:
    """Changes a model for inference: converts its weights, then stores those of linear layers anew.

    Linear layers are replaced, except routers of experts, which stay in fp32, those of embeddings, and the keys and
    values of latent attention, whose weights decoding absorbs. Without quantization, a layer is replaced if another
    form than rows is measured to be faster on this machine. Layers that are given the same input, such as those of
    queries, keys and values, are stored as one matrix (`Joint`).

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
    for groups in _by_shape(model):
        store = _WAYS[quantize](groups)
        while groups and store is not None:
            group = groups.pop()  # so that its memory is freed before the next is stored
            parts = store_together(store, [layer.weight for _, _, layer in group])
            for (module, name, layer), stored in zip(group, parts, strict=True):
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
    """The quantized format of a model, or the forms in which its layers are stored; None if all are plain."""
    forms = {module.stored.form for module in model.modules() if isinstance(module, StoredLinear)}
    return " and ".join(sorted(forms)) or None


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


def _by_shape(model: nn.Module) -> list[list[Group]]:
    """The linear layers to replace, groups of one shape together: each shape is measured once."""
    groups = sorted(_groups(model), key=_shape)
    return [list(alike) for _, alike in groupby(groups, key=_shape)]


def _shape(group: Group) -> tuple[int, int]:
    return sum(layer.out_features for _, _, layer in group), group[0][2].in_features


def _groups(model: nn.Module) -> Iterator[Group]:
    kept = {id(part) for module in model.modules() if isinstance(module, Embedding) for part in module.modules()}
    kept |= {id(part) for one in model.modules() if isinstance(one, LatentAttention) for part in (one.key, one.value)}
    across = {id(block.cross_attention) for block in model.modules() if isinstance(block, AnyBlock)}
    for module in model.modules():
        places = {
            name: (module, name, layer)
            for name, layer in module.named_children()
            if isinstance(layer, nn.Linear) and id(layer) not in kept and is_plain(layer)
        }
        alike = getattr(module, "same_input", ())[id(module) in across :]  # queries across are of another sequence
        together = [places.pop(name) for name in alike if name in places]
        yield from ([together] if together else [])
        yield from ([place] for place in places.values())


def _weights(groups: Sequence[Group]) -> Iterator[Tensor]:
    return (torch.cat([layer.weight for _, _, layer in group]) for group in groups)


def _fastest_plain(groups: Sequence[Group]) -> Way | None:
    shape, one = torch.Size(_shape(groups[0])), groups[0][0][2].weight
    ways = {name: way for name, way in _PLAIN.items() if is_right(way, shape, one.dtype, one.device)}
    if shape.numel() < LEAST or not ways:
        return None
    return ways.get(fastest({"plain": Plain, **ways}, _weights(groups)))


def _in_8_bits(groups: Sequence[Group]) -> Way:
    shape = torch.Size(_shape(groups[0]))
    kernels = usable_sums(shape, groups[0][0][2].weight.device)
    ways = {name: partial(store_in_8_bits, kernel=kernel) for name, kernel in kernels.items()}
    if shape.numel() < LEAST or len(ways) == 1:
        return next(iter(ways.values()))
    return ways[fastest(ways, _weights(groups))]


def _in_4_bits(groups: Sequence[Group]) -> Way:
    return store_in_4_bits


_PLAIN: dict[str, Way] = {"columns": Columns, "packed": Packed}
"""How unrounded matrices may be stored."""
_WAYS: dict[str | None, Callable[[Sequence[Group]], Way | None]] = {
    None: _fastest_plain,
    "q8": _in_8_bits,
    "q4": _in_4_bits,
}
"""What chooses how matrices of one shape are stored, by the format; None where layers stay as they are."""
