"""Inputs of a model: examples of any lengths in one batch, and the model's logits for them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from cutaway.model.device import device_of
from cutaway.model.transformer import Transformer

Side = Literal["left", "right"]


@dataclass(frozen=True)
class Batch:
    """The arguments of a model's forward pass, by name."""

    inputs: Shaped[Tensor, "B ..."]
    attention_mask: Bool[Tensor, "B T"] | None = None
    segments: Int[Tensor, "B T"] | None = None
    distances: Int[Tensor, "B N N"] | None = None
    source: Shaped[Tensor, "B ..."] | None = None
    source_mask: Bool[Tensor, "B Ts"] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """All arguments except the inputs that are not None, by name."""
        given = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
        return {name: tensor for name, tensor in given.items() if tensor is not None}

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        moved = {name: tensor.to(device) for name, tensor in self.arguments.items()}
        return Batch(self.inputs.to(device), **moved)

    def __getitem__(self, rows: Any) -> "Batch":
        return Batch(self.inputs[rows], **{name: tensor[rows] for name, tensor in self.arguments.items()})


def join(examples: Sequence[Batch], side: Side = "right") -> Batch:
    """Joins examples of one row each into a batch, padded with zeros, with masks.

    There is no mask if all rows have the same length. Distances are indexed by positions, which do not count padding,
    so they are always padded on the right.
    """
    masks = {"attention_mask": [one.inputs for one in examples]}
    if examples[0].source is not None:
        masks["source_mask"] = [one.source for one in examples if one.source is not None]
    joined = {
        name: _fill_up([one.arguments[name] for one in examples], "right" if name == "distances" else side)
        for name in examples[0].arguments
    }
    inputs = _fill_up([one.inputs for one in examples], side)
    return Batch(inputs, **joined, **{name: _mask(rows, side) for name, rows in masks.items()})


def with_other_padding(batch: Batch, other: Batch) -> Batch:
    """The batch with the padding of another one."""
    targets, sources = batch.attention_mask, batch.source_mask
    changed = {"inputs": _where(targets, batch.inputs, other.inputs)}
    if batch.segments is not None:
        changed["segments"] = _where(targets, batch.segments, other.segments)
    if batch.source is not None:
        changed["source"] = _where(sources, batch.source, other.source)
    return replace(batch, **changed)


def logits(model: Transformer, batch: Batch) -> Float[Tensor, "B ..."]:
    """The logits of the model, on the CPU."""
    shown = batch.to(device_of(model))
    outputs: Tensor = model(shown.inputs, **shown.arguments)
    return outputs.float().cpu()


def kept(outputs: Shaped[Tensor, "B ..."], batch: Batch) -> list[Tensor]:
    """The logits of each row without those at padding."""
    if batch.attention_mask is None or outputs.ndim == 2:  # one output per row
        return list(outputs)
    return [row[mask] for row, mask in zip(outputs, batch.attention_mask, strict=True)]


def _fill_up(rows: Sequence[Tensor], side: Side) -> Tensor:
    longest = [max(sizes) for sizes in zip(*(row.shape[1:] for row in rows), strict=True)]
    joined = rows[0].new_zeros(len(rows), *longest)
    for place, row in zip(joined, rows, strict=True):
        sizes = zip(row.shape[1:], longest, strict=True)
        place[tuple(slice(size) if side == "right" else slice(most - size, most) for size, most in sizes)] = row[0]
    return joined


def _mask(rows: Sequence[Tensor], side: Side) -> Tensor | None:
    lengths = [row.shape[1] for row in rows]
    ones = [torch.ones(1, length, dtype=torch.bool) for length in lengths]
    return _fill_up(ones, side) if len(set(lengths)) > 1 else None


def _where(mask: Tensor | None, ours: Tensor, theirs: Tensor | None) -> Tensor:
    if mask is None or theirs is None:
        return ours
    return torch.where(mask.view(*mask.shape, *[1] * (ours.ndim - mask.ndim)), ours, theirs)
