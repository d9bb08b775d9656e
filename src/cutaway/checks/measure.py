"""What is said of a model: a number and how large it may be, or why there is none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from cutaway.checks.subject import Subject

ROUNDING = 1e-4
"""How far two ways to compute the same in fp32 may differ, relative to the largest number."""


@dataclass(frozen=True)
class Measurement:
    """A number and its bound, which it may reach.

    Attributes:
        measured: no number (NaN) if there is none among what was computed; it then passes no bound.
        bound: the largest number that passes.
        culprit: what is to blame for a number that does not pass, by name.
    """

    measured: float | int
    bound: float | int
    culprit: str = ""

    @property
    def passes(self) -> bool:
        """Whether the number keeps to its bound."""
        return self.measured <= self.bound


@dataclass(frozen=True)
class NotForThis:
    """Why a property says nothing about a model."""

    reason: str


@dataclass(frozen=True)
class Property:
    """What must hold of a model.

    Attributes:
        name: short, for a table.
        unit: of what is measured.
        failure: what it means if it does not hold.
        measure: how it is found out.
    """

    name: str
    unit: str
    failure: str
    measure: Callable[["Subject"], Measurement | NotForThis]


def repeated(device: torch.device) -> float:
    """How far two runs of the same computation may differ: a device that is no CPU may add up in any order."""
    return 0.0 if device.type == "cpu" else ROUNDING


def difference(found: Iterable[Tensor], expected: Iterable[Tensor]) -> float:
    """The largest difference between numbers, relative to the largest of those expected; NaN if there is a NaN."""
    ours, theirs = (torch.cat([tensor.flatten() for tensor in side]) for side in (found, expected))
    largest = theirs.abs().max().clamp(min=torch.finfo(theirs.dtype).tiny)
    return float((ours - theirs).abs().max() / largest)


def named(names: Iterable[str]) -> str:
    """The first three names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
