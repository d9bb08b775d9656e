"""Matrices that multiply the same input, stored and multiplied as one."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from cutaway.nn.stored import Stored


class Joint:
    """Matrices of several linear layers, one below the other.

    The layer that is called first with an input multiplies it by all matrices; the others take their parts of the
    result. So each is a layer that is called, hooked and replaced like any other, but one large product takes the
    place of several small ones. An input that is changed in place between the calls is multiplied again, except under
    `torch.inference_mode`, where torch does not record such changes.

    Args:
        stored: the matrices, (N₁ + N₂ + …, C).
        sizes: N₁, N₂, …
    """

    def __init__(self, stored: Stored, sizes: Sequence[int]) -> None:
        self.stored = stored
        self.sizes = tuple(sizes)
        self._known: tuple[Tensor, int | None, tuple[Tensor, ...], set[int]] | None = None

    def product(self, x: Float[Tensor, "*B C"], index: int) -> Float[Tensor, "*B N"]:
        """The product of x with one of the matrices."""
        known, version = self._known, None if x.is_inference() else x._version
        if known is None or known[0] is not x or known[1] != version:  # or it was changed in place
            parts = self.stored.product(x, None).split(self.sizes, dim=-1)
            known = self._known = x, version, parts, set(range(len(parts)))
        _, _, parts, awaited = known
        awaited.discard(index)
        if not awaited:
            self._known = None  # so that neither x nor the parts stay in memory
        return parts[index]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.stored, self.sizes)


class Part(Stored):
    """One matrix of a joint.

    Args:
        joint: all of them.
        index: which it is.
    """

    def __init__(self, joint: Joint, index: int) -> None:
        self.joint, self._index = joint, index
        self.form, self.dtype, self.device = joint.stored.form, joint.stored.dtype, joint.stored.device

    def product(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Its part of the joint product."""
        y = self.joint.product(x, self._index)
        return y if bias is None else y + bias

    def plain(self) -> Tensor:
        """Its rows."""
        return self.joint.stored.plain().split(self.joint.sizes)[self._index]

    def parts(self) -> tuple[Any, ...]:
        """The joint and the index."""
        return self.joint, self._index

    def __deepcopy__(self, memo: dict[int, Any]) -> "Part":
        """Copies share the matrices, but not the result of the last product."""
        if id(self.joint) not in memo:
            memo[id(self.joint)] = Joint(self.joint.stored, self.joint.sizes)
        return Part(memo[id(self.joint)], self._index)


def store_together(make: Callable[[Tensor], Stored], weights: Sequence[Float[Tensor, "_ C"]]) -> list[Stored]:
    """Stores the matrices of layers that are given the same input.

    Args:
        make: stores a matrix.
        weights: the matrices.
    """
    if len(weights) == 1:
        return [make(weights[0])]
    joint = Joint(make(torch.cat(list(weights))), [len(weight) for weight in weights])
    return [Part(joint, index) for index in range(len(weights))]
