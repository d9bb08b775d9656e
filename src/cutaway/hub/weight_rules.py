"""Rules between the weights of a file and those of a model, in both directions.

A rule maps some tensors of a file to some of the model. The change that it applies, such as a transposition, can be
inverted, so that one table serves import and export.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

Tensors = Sequence[Tensor]


@runtime_checkable
class Change(Protocol):
    """A change of tensors between a file and a model."""

    def read(self, theirs: Tensors) -> Tensors:
        """From the file's tensors to the model's."""

    def write(self, ours: Tensors) -> Tensors:
        """The inverse."""


@dataclass(frozen=True)
class Same:
    """No change."""

    def read(self, theirs: Tensors) -> Tensors:
        """Returns them."""
        return theirs

    def write(self, ours: Tensors) -> Tensors:
        """Returns them."""
        return ours


@dataclass(frozen=True)
class Transpose:
    """Matrices are stored transposed."""

    def read(self, theirs: Tensors) -> Tensors:
        """Transposes each."""
        return [tensor.mT for tensor in theirs]

    def write(self, ours: Tensors) -> Tensors:
        """Transposes each."""
        return [tensor.mT for tensor in ours]


@dataclass(frozen=True)
class Split:
    """One tensor contains several, concatenated along its first axis.

    Attributes:
        sizes: of each along that axis.
    """

    sizes: tuple[int, ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Splits it."""
        (tensor,) = theirs
        if len(tensor) != sum(self.sizes):
            raise ValueError(f"has {len(tensor)} rows, but {sum(self.sizes)} are expected")
        return tensor.split(list(self.sizes))

    def write(self, ours: Tensors) -> Tensors:
        """Concatenates them."""
        return [torch.cat(list(ours))]


@dataclass(frozen=True)
class Stack:
    """Several tensors are one, stacked along a new first axis."""

    def read(self, theirs: Tensors) -> Tensors:
        """Stacks them."""
        return [torch.stack(list(theirs))]

    def write(self, ours: Tensors) -> Tensors:
        """Unstacks them."""
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
        """Reshapes each to the model's shape."""
        return _reshape(theirs, self.theirs, self.ours)

    def write(self, ours: Tensors) -> Tensors:
        """Reshapes each to the file's shape."""
        return _reshape(ours, self.ours, self.theirs)


@dataclass(frozen=True)
class SkipRows:
    """The file's table starts with unused rows, which are written as zeros.

    Attributes:
        count: the number of these rows.
    """

    count: int

    def read(self, theirs: Tensors) -> Tensors:
        """Removes them."""
        return [tensor[self.count :] for tensor in theirs]

    def write(self, ours: Tensors) -> Tensors:
        """Adds zeros."""
        return [torch.cat([tensor.new_zeros(self.count, *tensor.shape[1:]), tensor]) for tensor in ours]


@dataclass(frozen=True)
class NoBias:
    """The model has a bias that the file lacks."""

    def read(self, theirs: Tensors) -> Tensors:
        """Adds a bias of zeros."""
        (matrix,) = theirs
        return [matrix, matrix.new_zeros(len(matrix))]

    def write(self, ours: Tensors) -> Tensors:
        """Removes a bias of zeros; another one cannot be removed. One without values may be any."""
        matrix, bias = ours
        if bias.is_meta or bias.any():
            raise ValueError("has a bias, but the format has none")
        return [matrix]


@dataclass(frozen=True)
class NoRow:
    """The file has a vector that the model lacks."""

    def read(self, theirs: Tensors) -> Tensors:
        """Removes a vector of zeros; another one cannot be removed."""
        matrix, row = theirs
        if row.any():
            raise ValueError("has a vector that is not zero, but the model has none")
        return [matrix]

    def write(self, ours: Tensors) -> Tensors:
        """Adds a vector of zeros."""
        (matrix,) = ours
        return [matrix, matrix.new_zeros(1, matrix.shape[1])]


@dataclass(frozen=True)
class Without:
    """The file has a tensor of zeros that the model lacks.

    Attributes:
        shape: of the tensor.
    """

    shape: tuple[int, ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Removes it; other values than zeros cannot be removed."""
        (tensor,) = theirs
        if tensor.any():
            raise ValueError("is not zero, but the model has no such tensor")
        return []

    def write(self, ours: Tensors) -> Tensors:
        """Makes the zeros."""
        return [torch.zeros(self.shape)]


@dataclass(frozen=True)
class GreyAsColour:
    """The file's convolution reads red, green and blue; on a grey picture it gives what the model's one channel gives.

    Red and blue have a quarter of each weight, and green the rest, so that a picture in colour is read as one of its
    brightness, about that of ITU-R BT.601. All sums are exact.
    """

    def read(self, theirs: Tensors) -> Tensors:
        """Adds the parts of each weight; one channel is read as it is."""
        (tensor,) = theirs
        if tensor.shape[1] == 1:
            return theirs
        whole = [tensor.sum(dim=1, keepdim=True)]
        if not torch.equal(self.write(whole)[0], tensor):
            raise ValueError("has other shares of colours than those of a grey picture")
        return whole

    def write(self, ours: Tensors) -> Tensors:
        """Divides each weight."""
        (tensor,) = ours
        quarter = tensor / 4
        return [torch.cat([quarter, tensor - 2 * quarter, quarter], dim=1)]


@dataclass(frozen=True)
class PermuteRows:
    """Rows are in another order, the same in every block of this many rows.

    Attributes:
        order: row i of a block of the model is row `order[i]` of that block in the file.
    """

    order: tuple[int, ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Permutes them to the model's order."""
        return [self._reorder(tensor, self.order) for tensor in theirs]

    def write(self, ours: Tensors) -> Tensors:
        """Permutes them to the file's order."""
        back = [0] * len(self.order)
        for row, origin in enumerate(self.order):
            back[origin] = row
        return [self._reorder(tensor, back) for tensor in ours]

    def _reorder(self, tensor: Tensor, order: Sequence[int]) -> Tensor:
        return tensor.unflatten(0, (-1, len(order)))[:, list(order)].flatten(0, 1)


def interleaved(width: int) -> tuple[int, ...]:
    """The order of rows for `PermuteRows` if a file rotates pairs (2i, 2i + 1), and we (i, i + width/2)."""
    return (*range(0, width, 2), *range(1, width, 2))


@dataclass(frozen=True)
class Chain:
    """Several changes, in the order of import."""

    changes: tuple[Change, ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Applies them in order."""
        for change in self.changes:
            theirs = change.read(theirs)
        return theirs

    def write(self, ours: Tensors) -> Tensors:
        """Inverts them in reverse order."""
        for change in reversed(self.changes):
            ours = change.write(ours)
        return ours


@dataclass(frozen=True)
class Each:
    """A different change for each of several tensors."""

    changes: tuple[Change, ...]

    def read(self, theirs: Tensors) -> Tensors:
        """Applies the first to the first, and so on."""
        return [change.read([tensor])[0] for change, tensor in zip(self.changes, theirs, strict=True)]

    def write(self, ours: Tensors) -> Tensors:
        """Inverts them likewise."""
        return [change.write([tensor])[0] for change, tensor in zip(self.changes, ours, strict=True)]


@dataclass(frozen=True)
class Rule:
    """Some tensors of a file correspond to some of the model.

    Attributes:
        theirs: names in the file.
        ours: names in the model.
        change: between them.
        optional: whether a file may lack them; those of the model are then zeros.
    """

    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    change: Change = Same()
    optional: bool = False


def same(theirs: str, ours: str, *parts: str) -> Iterable[Rule]:
    """Rules of a module whose weights have the same names on both sides: `weight` and `bias`, or those given."""
    for part in parts or ("weight", "bias"):
        yield Rule((f"{theirs}.{part}",), (f"{ours}.{part}",))


@dataclass(frozen=True)
class Table:
    """All rules of a model, and other tensors that its file may have.

    Attributes:
        rules: contain each tensor of the model once.
        repeated: tensors that a file may contain twice: from the second name to the first.
        ignored: from patterns of names of unused tensors to what they are.
        stand_ins: unused tensors that a file may have in place of others: from their names to those of the others.
            They are written as copies.
    """

    rules: tuple[Rule, ...]
    repeated: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    stand_ins: Mapping[str, str] = field(default_factory=dict)


def _reshape(tensors: Tensors, before: Sequence[tuple[int, ...]], after: Sequence[tuple[int, ...]]) -> Tensors:
    for tensor, shape in zip(tensors, before, strict=True):
        if tuple(tensor.shape) != shape:
            raise ValueError(f"is {tuple(tensor.shape)}, but {shape} is expected")
    return [tensor.reshape(shape) for tensor, shape in zip(tensors, after, strict=True)]
