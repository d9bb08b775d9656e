"""Position schemes.

A scheme adds vectors to the embeddings, rotates queries and keys, or biases the scores. All of them use positions,
never slots: a left-padded text has the positions that it has alone.
"""

import math
from functools import partial
from typing import Literal, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from cutaway.nn.frequencies import Scaling, frequencies, inclusive_frequencies, unscaled
from cutaway.nn.layers import embedding_over

Rotation = tuple[Tensor, Tensor]
"""Cosines and signed sines of the angles, both (B or 1, 1, T, D), repeated for both elements of each pair."""


@runtime_checkable
class AddsToEmbeddings(Protocol):
    """A scheme that adds a vector to each token's embedding."""

    def __call__(self, positions: Int[Tensor, "#B T"]) -> Float[Tensor, "#B T C"]:
        """Returns the vectors to add."""


@runtime_checkable
class Rotates(Protocol):
    """A scheme that rotates queries and keys by angles proportional to the position."""

    def __call__(self, positions: Int[Tensor, "#B T"]) -> Rotation:
        """Returns the rotation of each position, for `rotate`."""


@runtime_checkable
class BiasesScores(Protocol):
    """A scheme that adds to each score a bias that depends on the distance."""

    def __call__(self, queries: Int[Tensor, "#B Tq"], keys: Int[Tensor, "#B Tk"]) -> Float[Tensor, "#B H Tq Tk"]:
        """Returns the biases, given the positions of queries and keys."""


class Sinusoidal(nn.Module):
    """PE(p, 2i) = sin(p / base^(2i/C)), PE(p, 2i+1) = cos(same) (Vaswani et al. 2017, section 3.5).

    An odd width drops the last cosine.

    Args:
        width: C, at least 4 if `inclusive`.
        base: of the frequencies.
        layout: in `halves`, all sines precede all cosines, as in the authors' own code (tensor2tensor).
        inclusive: the frequencies are base^(−i/(C/2 − 1)), down to 1/base, as in that code; an odd width then ends with
            a zero.
        offset: added to each position p: fairseq's tables begin after the id of the padding token.
    """

    def __init__(
        self,
        width: int,
        *,
        base: float = 10_000.0,
        layout: Literal["pairs", "halves"] = "pairs",
        inclusive: bool = False,
        offset: int = 0,
    ) -> None:
        super().__init__()
        self.width = width
        self.base = base
        self.axis = -1 if layout == "pairs" else -2
        self.frequencies = inclusive_frequencies if inclusive else frequencies
        self.offset = offset

    def forward(self, positions: Int[Tensor, "#B T"]) -> Float[Tensor, "#B T C"]:
        """Computes the vectors of these positions."""
        counted = (positions + self.offset)[..., None]
        angles = counted * self.frequencies(self.width, self.base, positions.device)  # (B, T, F)
        waves = torch.stack([angles.sin(), angles.cos()], dim=self.axis).flatten(-2)  # (B, T, 2F)
        return F.pad(waves, (0, self.width - waves.shape[-1]))  # of an odd width, one too many or too few


class Learned(nn.Embedding):
    """One trained vector per position (Gehring et al. 2017, section 3.1)."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__(length, width, _weight=torch.zeros(length, width))


class LearnedGrid(nn.Module):
    """One trained vector per position of a grid; grids of other sizes get interpolated vectors.

    The interpolation is bicubic (Dosovitskiy et al. 2021, section 3.2, for larger images).

    Args:
        rows: of the grid.
        columns: of the grid.
        width: C.
        before: the number of positions before the grid, which are not interpolated.
    """

    def __init__(self, rows: int, columns: int, width: int, *, before: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(rows, columns, width))
        self.before = nn.Parameter(torch.zeros(before, width)) if before else None

    def forward(self, rows: int, columns: int) -> Float[Tensor, "T C"]:
        """Returns the vectors of a grid of this size, row by row, after those before it."""
        table: Tensor = self.weight
        if (rows, columns) != table.shape[:2]:
            plane = table.permute(2, 0, 1)[None]  # (1, C, rows, columns)
            table = F.interpolate(plane, (rows, columns), mode="bicubic")[0].permute(1, 2, 0)
        table = table.flatten(0, 1)
        return table if self.before is None else torch.cat([self.before, table])


class Rotary(nn.Module):
    """Angles p · base^(−2i/D), by which `rotate` rotates each pair (i, i + D/2) (Su et al. 2021, section 3.4.2).

    Args:
        width: D, the number of channels of each head that are rotated.
        base: of the angles.
        scaling: of the frequencies, for texts longer than the training context.
        magnitude: multiplies the rotated vectors.
    """

    def __init__(
        self, width: int, *, base: float = 10_000.0, scaling: Scaling = unscaled, magnitude: float = 1.0
    ) -> None:
        super().__init__()
        self.width = width
        self.base = base
        self.scaling = scaling
        self.magnitude = magnitude

    def forward(self, positions: Int[Tensor, "#B T"]) -> Rotation:
        """Computes cosines and signed sines of the angles."""
        scaled = self.scaling(frequencies(self.width, self.base, positions.device), positions)  # (F) or (B, 1, 1, F)
        angles = positions[:, None, :, None] * scaled
        cos, sin = angles.cos() * self.magnitude, angles.sin() * self.magnitude  # (B, 1, T, D/2)
        return torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)


def rotate(x: Float[Tensor, "B H T D"], rotation: Rotation) -> Float[Tensor, "B H T D"]:
    """Rotates each pair (x_i, x_{i + D/2}) by its angle: Llama's pairing, so that its weights need no permutation.

    y_i = x_i cos − x_{i + D/2} sin and y_{i + D/2} = x_{i + D/2} cos + x_i sin: rolling by D/2 swaps the pairs.
    Channels after the first D are not rotated (GPT-J, GPT-NeoX).
    """
    cos, sin = rotation[0].to(x.dtype), rotation[1].to(x.dtype)
    width = cos.shape[-1]
    if width < x.shape[-1]:
        return torch.cat([rotate(x[..., :width], rotation), x[..., width:]], dim=-1)
    return torch.addcmul(x * cos, x.roll(width // 2, dims=-1), sin)


def deinterleave(x: Shaped[Tensor, "..."], axis: int = -1) -> Shaped[Tensor, "..."]:
    """Reorders (x_0, x_1, x_2, …) as (x_0, x_2, …, x_1, x_3, …) along an axis of even length.

    `rotate` pairs x_i with x_{i + D/2}, but the rotary paper (eq. 15) pairs x_{2i} with x_{2i + 1}. To use weights made
    for the paper's pairs, deinterleave the rows of each head in the weights of queries and keys: all scores stay the
    same.

    Raises:
        RuntimeError: the length is odd.
    """
    return x.movedim(axis, -1).unflatten(-1, (-1, 2)).mT.flatten(-2).movedim(-1, axis)


def interleave(x: Shaped[Tensor, "..."], axis: int = -1) -> Shaped[Tensor, "..."]:
    """The inverse of `deinterleave`.

    Raises:
        RuntimeError: the length is odd.
    """
    return x.movedim(axis, -1).unflatten(-1, (2, -1)).mT.flatten(-2).movedim(-1, axis)


class ALiBi(nn.Module):
    """bias = −slope_h · |p_query − p_key|, with slopes geometric over the heads (Press et al. 2022, section 3).

    If the number of heads is not a power of two: the slopes for the next lower power, then every second slope for the
    next higher one, as in the paper's own code.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        power = 2 ** math.floor(math.log2(heads))
        self.slopes = [2 ** (-8 * (i + 1) / power) for i in range(power)]
        self.slopes += [2 ** (-8 * (2 * i + 1) / (2 * power)) for i in range(heads - power)]

    def forward(self, queries: Int[Tensor, "#B Tq"], keys: Int[Tensor, "#B Tk"]) -> Float[Tensor, "#B H Tq Tk"]:
        """Computes the bias of every pair."""
        distance = (queries[:, :, None] - keys[:, None, :]).abs()  # (B, Tq, Tk)
        return -torch.tensor(self.slopes, device=queries.device)[:, None, None] * distance[:, None]


class RelativeBias(nn.Module):
    """A trained bias per head and bucket of distance: exact when near, logarithmic when far (Raffel et al. 2020, 2.1).

    A causal stack uses all buckets for the past, a bidirectional one half of them for the future.
    """

    def __init__(self, heads: int, *, buckets: int = 32, distance: int = 128, bidirectional: bool = False) -> None:
        super().__init__()
        self.table = embedding_over(nn.Parameter(torch.zeros(buckets, heads)))
        self.buckets = buckets
        self.distance = distance
        self.bidirectional = bidirectional

    def forward(self, queries: Int[Tensor, "#B Tq"], keys: Int[Tensor, "#B Tk"]) -> Float[Tensor, "#B H Tq Tk"]:
        """Looks up the bias of every pair."""
        past = queries[:, :, None] - keys[:, None, :]  # (B, Tq, Tk), positive when the key lies before
        return self.table(self.bucket(past)).permute(0, 3, 1, 2)

    def bucket(self, past: Int[Tensor, "*B"]) -> Int[Tensor, "*B"]:
        """The bucket of a distance; positive distances are in the past."""
        buckets = self.buckets
        offset = torch.zeros_like(past)
        if self.bidirectional:
            buckets //= 2
            offset = (past < 0) * buckets
            past = past.abs()
        past = past.clamp(min=0)
        exact = buckets // 2
        far = (past / exact).clamp(min=1).log() / math.log(self.distance / exact) * (buckets - exact)
        return offset + torch.where(past < exact, past, (exact + far.long()).clamp(max=buckets - 1))


class ShortestPathBias(nn.Module):
    """A trained bias per head and length of the shortest path between two nodes (Ying et al. 2021, eq. 6).

    Args:
        heads: H.
        longest: the longest path with a bias of its own; one more bias is for unconnected nodes.
    """

    def __init__(self, heads: int, longest: int) -> None:
        super().__init__()
        self.table = embedding_over(nn.Parameter(torch.zeros(longest + 2, heads)))
        self.no_path = longest + 1

    def of(self, distances: Int[Tensor, "B N N"]) -> BiasesScores:
        """The biases for these graphs: the length of the path between every two nodes, −1 if they are unconnected."""
        return partial(self, distances)

    def forward(
        self, distances: Int[Tensor, "B N N"], queries: Int[Tensor, "#B Tq"], keys: Int[Tensor, "#B Tk"]
    ) -> Float[Tensor, "B H Tq Tk"]:
        """Looks up the bias of every pair; a node's position is its row in `distances`."""
        rows = torch.arange(len(distances), device=distances.device)[:, None, None]
        between = distances[rows, queries[:, :, None], keys[:, None, :]]  # (B, Tq, Tk)
        return self.table(torch.where(between < 0, self.no_path, between)).permute(0, 3, 1, 2)
