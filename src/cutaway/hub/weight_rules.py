"""Rules between the weights of a file and those of a model, each of which works in both directions.

A rule takes some tensors of a file to some of the model. What it does with them is a change, such as a transposition;
changes can be undone, so that one table serves to read and to write.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

Tensors = Sequence[Tensor]


@runtime_checkable
class Change(Protocol):
    """What is done to tensors between a file and a model."""

    def read(self, theirs: Tensors) -> Tensors:
        """From the file's to the model's."""

    def write(self, ours: Tensors) -> Tensors:
        """Back."""


@dataclass(frozen=True)
class Same:
    """Nothing is done."""

    def read(self, theirs: Tensors) -> Tensors:
        """Returns them."""
        return theirs

    def write(self, ours: Tensors) -> Tensors:
        """Returns them."""
        return ours


@dataclass(frozen=True)
class Transpose:
    """Matrices are stored the other way round."""

    def read(self, theirs: Tensors) -> Tensors:
        """Turns each round."""
        return [tensor.mT for tensor in theirs]

    def write(self, ours: Tensors) -> Tensors:
        """Turns each round."""
        return [tensor.mT for tensor in ours]


@dataclass(frozen=True)
class Split:
    """One tensor holds several, side by side along its first axis.

    Attributes:
        sizes: how long each of them is.
    """

    sizes: tuple[int, ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Takes it apart."""
        (tensor,) = theirs
        if len(tensor) != sum(self.sizes):
            raise ValueError(f"has {len(tensor)} rows, and {sum(self.sizes)} are expected")
        return tensor.split(list(self.sizes))

    def write(self, ours: Tensors) -> Tensors:
        """Puts them together."""
        return [torch.cat(list(ours))]


@dataclass(frozen=True)
class Stack:
    """Several tensors are one, along a first axis that is new."""

    def read(self, theirs: Tensors) -> Tensors:
        """Stacks them."""
        return [torch.stack(list(theirs))]

    def write(self, ours: Tensors) -> Tensors:
        """Takes them apart."""
        (tensor,) = ours
        return list(tensor)


@dataclass(frozen=True)
class Reshape:
    """The same numbers in the same order, in other shapes.

    Attributes:
        theirs: the shape of each in the file.
        ours: the shape of each in the model.
    """

    theirs: tuple[tuple[int, ...], ...]
    ours: tuple[tuple[int, ...], ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Gives each the model's shape."""
        return _reshape(theirs, self.theirs, self.ours)

    def write(self, ours: Tensors) -> Tensors:
        """Gives each the file's shape."""
        return _reshape(ours, self.ours, self.theirs)


@dataclass(frozen=True)
class SkipRows:
    """The file's table begins with rows that no text ever uses; written anew, they are zeros.

    Attributes:
        count: how many.
    """

    count: int

    def read(self, theirs: Tensors) -> Tensors:
        """Leaves them out."""
        return [tensor[self.count :] for tensor in theirs]

    def write(self, ours: Tensors) -> Tensors:
        """Puts zeros in their place."""
        return [torch.cat([tensor.new_zeros(self.count, *tensor.shape[1:]), tensor]) for tensor in ours]


@dataclass(frozen=True)
class NoBias:
    """The file has a matrix, and the model a bias beside it."""

    def read(self, theirs: Tensors) -> Tensors:
        """Adds a bias of zeros."""
        (matrix,) = theirs
        return [matrix, matrix.new_zeros(len(matrix))]

    def write(self, ours: Tensors) -> Tensors:
        """Leaves out a bias of zeros; another cannot be left out."""
        matrix, bias = ours
        if bias.any():
            raise ValueError("has a bias, and the format has no place for one")
        return [matrix]


@dataclass(frozen=True)
class NoRow:
    """The file has one more vector beside a matrix, and the model none."""

    def read(self, theirs: Tensors) -> Tensors:
        """Leaves out a vector of zeros; another cannot be left out."""
        matrix, row = theirs
        if row.any():
            raise ValueError("has a vector that is not zero, and the model has no place for it")
        return [matrix]

    def write(self, ours: Tensors) -> Tensors:
        """Adds a vector of zeros."""
        (matrix,) = ours
        return [matrix, matrix.new_zeros(1, matrix.shape[1])]


@dataclass(frozen=True)
class Without:
    """The file has a tensor of zeros, and the model nothing in its place.

    Attributes:
        shape: of the tensor.
    """

    shape: tuple[int, ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Leaves it out; another than zeros cannot be left out."""
        (tensor,) = theirs
        if tensor.any():
            raise ValueError("is not zero, and the model has no place for it")
        return []

    def write(self, ours: Tensors) -> Tensors:
        """Makes the zeros."""
        return [torch.zeros(self.shape)]


@dataclass(frozen=True)
class PermuteRows:
    """Rows stand in another order, the same in every block of so many rows.

    Attributes:
        order: row i of a block of the model is row `order[i]` of that block in the file.
    """

    order: tuple[int, ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Brings them into the model's order."""
        return [self._reorder(tensor, self.order) for tensor in theirs]

    def write(self, ours: Tensors) -> Tensors:
        """Brings them into the file's order."""
        back = [0] * len(self.order)
        for row, origin in enumerate(self.order):
            back[origin] = row
        return [self._reorder(tensor, back) for tensor in ours]

    def _reorder(self, tensor: Tensor, order: Sequence[int]) -> Tensor:
        return tensor.unflatten(0, (-1, len(order)))[:, list(order)].flatten(0, 1)


def interleaved(width: int) -> tuple[int, ...]:
    """The order of rows for `PermuteRows` where a file rotates pairs (2i, 2i + 1), and we (i, i + width/2)."""
    return (*range(0, width, 2), *range(1, width, 2))


@dataclass(frozen=True)
class Chain:
    """One change after another, in the order of reading."""

    changes: tuple[Change, ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Makes them first to last."""
        for change in self.changes:
            theirs = change.read(theirs)
        return theirs

    def write(self, ours: Tensors) -> Tensors:
        """Undoes them last to first."""
        for change in reversed(self.changes):
            ours = change.write(ours)
        return ours


@dataclass(frozen=True)
class Each:
    """Another change for each of several tensors."""

    changes: tuple[Change, ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Makes the first on the first, and so on."""
        return [change.read([tensor])[0] for change, tensor in zip(self.changes, theirs, strict=True)]

    def write(self, ours: Tensors) -> Tensors:
        """Undoes them likewise."""
        return [change.write([tensor])[0] for change, tensor in zip(self.changes, ours, strict=True)]


@dataclass(frozen=True)
class Rule:
    """Some tensors of a file are some of the model.

    Attributes:
        theirs: names in the file.
        ours: names in the model.
        change: what is done between.
        optional: whether a file may lack them; those of the model are then zeros.
    """

    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    change: Change = Same()
    optional: bool = False


def same(theirs: str, ours: str, *parts: str) -> Iterable[Rule]:
    """Rules for a module whose weights have the same names on both sides: `weight` and `bias`, or those given."""
    for part in parts or ("weight", "bias"):
        yield Rule((f"{theirs}.{part}",), (f"{ours}.{part}",))


@dataclass(frozen=True)
class Table:
    """All rules of a model, and what else may stand in its file.

    Attributes:
        rules: each tensor of the model is in one of them.
        repeated: tensors that a file may hold a second time: their names there, and those of the first.
        ignored: patterns of names of tensors that the model has no use for, and what they are.
    """

    rules: tuple[Rule, ...]
    repeated: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)


def _reshape(tensors: Tensors, before: Sequence[tuple[int, ...]], after: Sequence[tuple[int, ...]]) -> Tensors:
    for tensor, shape in zip(tensors, before, strict=True):
        if tuple(tensor.shape) != shape:
            raise ValueError(f"is {tuple(tensor.shape)}, and {shape} is expected")
    return [tensor.reshape(shape) for tensor, shape in zip(tensors, after, strict=True)]
