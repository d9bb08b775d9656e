"""Copying the weights of one model into another with the same body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cutaway.errors import UserError, counted

NAMED = 5
"""The most weights that a summary names."""
ON_TOP = ("head.", "multi_token_prediction.")
"""Prefixes of weights outside the body, which may differ."""
LARGER = 10.0
"""The factor by which a fresh head on a trained body is larger than on a fresh body: std 1/√C.

The body's gradient is proportional to the head, which would grow slowly at the learning rates of fine-tuning.
"""
POSITIONS = ".positions.weight"
"""One row per position: a model with a shorter context takes the first ones."""


@dataclass(frozen=True)
class Transferred:
    """What was copied: names of weights with their number of elements.

    Attributes:
        taken: weights of the new model that were copied.
        cut: for weights of which only the first rows were copied: the number of rows now and before.
        fresh: weights of the new model that were initialised.
        unused: weights of the old model that were not copied.
    """

    taken: Mapping[str, int]
    cut: Mapping[str, tuple[int, int]]
    fresh: Mapping[str, int]
    unused: Mapping[str, int]

    @property
    def summary(self) -> str:
        """A summary in one line."""
        parts = [f"{_amount(self.taken)} taken"]
        parts += [f"of {name} the first {rows:,} of {before:,} rows" for name, (rows, before) in self.cut.items()]
        parts += [f"{_amount(self.fresh)} fresh: {named(self.fresh)}"] if self.fresh else []
        parts += [f"{_amount(self.unused)} of the old model unused: {named(self.unused)}"] if self.unused else []
        return "; ".join(parts)


def named(names: Iterable[str]) -> str:
    """The first names, and the number of further ones."""
    known = list(names)
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return ", ".join(known[:NAMED]) + more


@torch.no_grad()
def transfer_weights(old: nn.Module, new: nn.Module, *, same_answers: bool) -> Transferred:
    """Copies the weights of one model into another, across dtypes and devices.

    The head is copied if its outputs mean the same and all its weights have the same shapes; a fresh head is scaled up.

    Raises:
        UserError: a weight of the new model's body is missing in the old one or has another shape.
    """
    there = dict(old.named_parameters(remove_duplicate=False))
    with_head = same_answers and _shapes(old, "head.") == _shapes(new, "head.")
    taken: dict[str, int] = {}
    cut: dict[str, tuple[int, int]] = {}
    fresh: dict[str, int] = {}
    used: set[Tensor] = set()
    for name, weight in new.named_parameters():
        found = None if name.startswith("head.") and not with_head else _fitting(there.get(name), name, weight)
        if found is None:
            fresh[name] = weight.numel()
            if name == "head.projection.weight":
                weight.mul_(LARGER)
            continue
        weight.copy_(found[: len(weight)])
        taken[name] = weight.numel()
        used.add(found)
        if len(found) > len(weight):
            cut[name] = len(weight), len(found)
    unused = {name: weight.numel() for name, weight in old.named_parameters() if weight not in used}
    return Transferred(taken, cut, fresh, unused)


def _fitting(found: Tensor | None, name: str, weight: Tensor) -> Tensor | None:
    """The weight to copy; None if it is outside the body and nothing fits."""
    if found is not None and found.shape == weight.shape:
        return found
    longer = found is not None and found.shape[1:] == weight.shape[1:] and len(found) > len(weight)
    if longer and name.endswith(POSITIONS):
        return found
    if name.startswith(ON_TOP):
        return None
    shape = "is missing" if found is None else f"has the shape {tuple(found.shape)}, not {tuple(weight.shape)}"
    raise UserError(f"the weight {name} {shape} in the model to fine-tune: only the head may differ")


def _shapes(model: nn.Module, beginning: str) -> dict[str, torch.Size]:
    weights = model.named_parameters(remove_duplicate=False)
    return {name: weight.shape for name, weight in weights if name.startswith(beginning)}


def _amount(weights: Mapping[str, int]) -> str:
    return f"{counted(len(weights), 'weight')} ({counted(sum(weights.values()), 'number')})"
