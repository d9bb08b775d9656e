"""Weights of one model -> another that has the same body: which are taken, and which are not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cutaway.errors import UserError

NAMED = 5
"""How many weights are named where there are more."""
ON_TOP = ("head.", "multi_token_prediction.")
"""What stands on a body, and may be another one in another model."""
LARGER = 10.0
"""How many times larger a head is drawn on a trained body than on a fresh one: as large as any other matrix.

The body learns as fast as the head is large, and the small rates of fine-tuning would be long in making it grow.
"""
POSITIONS = ".positions.weight"
"""A row a position: a model for shorter texts takes the first of them."""


@dataclass(frozen=True)
class Transferred:
    """What became of the weights of both models: names, and how many numbers each weight has.

    Attributes:
        taken: weights of the new model that are those of the old one.
        cut: for those of them that are only the first rows of the old ones, how many rows they have and had.
        fresh: weights of the new model that it has to learn from the start.
        unused: weights of the old model that the new one has no place for.
    """

    taken: Mapping[str, int]
    cut: Mapping[str, tuple[int, int]]
    fresh: Mapping[str, int]
    unused: Mapping[str, int]

    @property
    def summary(self) -> str:
        """What to say of it to a person."""
        parts = [f"{_amount(self.taken)} taken"]
        parts += [f"of {name} the first {rows:,} of {before:,} rows" for name, (rows, before) in self.cut.items()]
        parts += [f"{_amount(self.fresh)} fresh: {named(self.fresh)}"] if self.fresh else []
        parts += [f"{_amount(self.unused)} of the old model unused: {named(self.unused)}"] if self.unused else []
        return "; ".join(parts)


def named(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return ", ".join(known[:NAMED]) + more


@torch.no_grad()
def transfer_weights(old: nn.Module, new: nn.Module, *, same_answers: bool) -> Transferred:
    """Copies the weights of one model into another, whatever their dtypes and devices.

    The head comes along if it answers the same question and all its weights have the same shapes; a fresh one is made
    larger.

    Raises:
        UserError: a weight of the new model's body is not in the old one, or has another shape there.
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
    """What to take for a weight; None if it stands on the body, and there is nothing that fits."""
    if found is not None and found.shape == weight.shape:
        return found
    longer = found is not None and found.shape[1:] == weight.shape[1:] and len(found) > len(weight)
    if longer and name.endswith(POSITIONS):
        return found
    if name.startswith(ON_TOP):
        return None
    shape = "is missing" if found is None else f"has the shape {tuple(found.shape)}, not {tuple(weight.shape)}"
    raise UserError(f"the weight {name} {shape} in the model to go on from: only its head may be another one")


def _shapes(model: nn.Module, beginning: str) -> dict[str, torch.Size]:
    weights = model.named_parameters(remove_duplicate=False)
    return {name: weight.shape for name, weight in weights if name.startswith(beginning)}


def _amount(weights: Mapping[str, int]) -> str:
    return f"{len(weights)} weights ({sum(weights.values()):,} numbers)"
