"""The result of a check: a number and its bound, or why it does not apply."""

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
    """A number and its bound, inclusive.

    Attributes:
        measured: NaN if the computation gave a NaN; it then exceeds any bound.
        bound: the largest number that passes.
        culprit: the names of what causes a failure.
    """

    measured: float | int
    bound: float | int
    culprit: str = ""

    @property
    def passes(self) -> bool:
        """Whether the number is within its bound."""
        return self.measured <= self.bound


@dataclass(frozen=True)
class NotForThis:
    """Why a property does not apply to a model."""

    reason: str


@dataclass(frozen=True)
class Property:
    """A property that every model must have.

    Attributes:
        name: short, for a table.
        unit: of the number.
        failure: what a failure means.
        measure: computes the number.
    """

    name: str
    unit: str
    failure: str
    measure: Callable[["Subject"], Measurement | NotForThis]


def repeated(device: torch.device) -> float:
    """How far two runs may differ: devices other than the CPU may add up in any order."""
    return 0.0 if device.type == "cpu" else ROUNDING


def difference(found: Iterable[Tensor], expected: Iterable[Tensor]) -> float:
    """The largest difference relative to the largest expected number; NaN if there is a NaN."""
    ours, theirs = (torch.cat([tensor.flatten() for tensor in side]) for side in (found, expected))
    largest = theirs.abs().max().clamp(min=torch.finfo(theirs.dtype).tiny)
    return float((ours - theirs).abs().max() / largest)


def named(names: Iterable[str]) -> str:
    """The first three names, and the number of further ones."""
    names = list(names)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
