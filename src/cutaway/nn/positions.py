"""How a token learns where it stands.

A scheme is one of three kinds: it adds to the embeddings, it rotates queries and keys, or it biases the scores. All of
them read positions, never slots: a left-padded text has the positions that it would have alone.
"""

import math
from functools import partial
from typing import Literal, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from cutaway.nn.frequencies import Scaling, frequencies, unscaled
from cutaway.nn.layers import embedding_over

Rotation = tuple[Tensor, Tensor]
"""Cosines and signed sines of each position's angles, both (B or 1, 1, T, D): once for each partner of a pair."""


@runtime_checkable
class AddsToEmbeddings(Protocol):
    """A scheme that adds a vector to each token's embedding."""

    def __call__(self, positions: Int[Tensor, "#B T"]) -> Float[Tensor, "#B T C"]:
        """Returns what to add."""


@runtime_checkable
class Rotates(Protocol):
    """A scheme that turns queries and keys by angles that grow with the position."""

    def __call__(self, positions: Int[Tensor, "#B T"]) -> Rotation:
        """Returns the rotation of each position, for `rotate`."""


@runtime_checkable
class BiasesScores(Protocol):
    """A scheme that adds to each score a number that depends on the distance."""

    def __call__(self, queries: Int[Tensor, "#B Tq"], keys: Int[Tensor, "#B Tk"]) -> Float[Tensor, "#B H Tq Tk"]:
        """Returns what to add, given the positions of queries and keys."""


class Sinusoidal(nn.Module):
    """PE(p, 2i) = sin(p / base^(2i/C)), PE(p, 2i+1) = cos(same) (Vaswani et al. 2017, section 3.5).

    An odd width drops the last cosine. In `halves` all sines stand before all cosines, as the authors' own code has it.
    """

    def __init__(self, width: int, *, base: float = 10_000.0, layout: Literal["pairs", "halves"] = "pairs") -> None:
        super().__init__()
        self.width = width
        self.base = base
        self.axis = -1 if layout == "pairs" else -2

    def forward(self, positions: Int[Tensor, "#B T"]) -> Float[Tensor, "#B T C"]:
        """Computes the table's rows at these positions."""
        angles = positions[..., None] * frequencies(self.width, self.base, positions.device)  # (B, T, ⌈C/2⌉)
        return torch.stack([angles.sin(), angles.cos()], dim=self.axis).flatten(-2)[..., : self.width]


class Learned(nn.Embedding):
    """One trained vector for each of so many positions (Gehring et al. 2017, section 3.1)."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__(length, width, _weight=torch.zeros(length, width))


class LearnedGrid(nn.Module):
    """One trained vector a place of a grid; a grid of another size gets vectors between them.

    They are interpolated by cubic polynomials, as Dosovitskiy et al. 2021, section 3.2 has it for larger images.

    Args:
        rows: of the grid.
        columns: of the grid.
        width: C.
        before: how many places there are before the grid, which are never interpolated.
    """

    def __init__(self, rows: int, columns: int, width: int, *, before: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(rows, columns, width))
        self.before = nn.Parameter(torch.zeros(before, width)) if before else None

    def forward(self, rows: int, columns: int) -> Float[Tensor, "T C"]:
        """Looks up the places of a grid of this size, row by row, after those before it."""
        table: Tensor = self.weight
        if (rows, columns) != table.shape[:2]:
            plane = table.permute(2, 0, 1)[None]  # (1, C, rows, columns)
            table = F.interpolate(plane, (rows, columns), mode="bicubic")[0].permute(1, 2, 0)
        table = table.flatten(0, 1)
        return table if self.before is None else torch.cat([self.before, table])


class Rotary(nn.Module):
    """Angles p · base^(−2i/D), by which `rotate` turns each pair (i, i + D/2) (Su et al. 2021, section 3.4.2).

    Args:
        head_width: D.
        base: of the angles.
        scaling: what becomes of the angles of position 1, for texts longer than those of training.
        magnitude: what rotated vectors are multiplied by.
    """

    def __init__(
        self, head_width: int, *, base: float = 10_000.0, scaling: Scaling = unscaled, magnitude: float = 1.0
    ) -> None:
        super().__init__()
        self.head_width = head_width
        self.base = base
        self.scaling = scaling
        self.magnitude = magnitude

    def forward(self, positions: Int[Tensor, "#B T"]) -> Rotation:
        """Computes cosines and signed sines of the positions' angles."""
        angles = positions[:, None, :, None] * self.scaling(frequencies(self.head_width, self.base, positions.device))
        cos, sin = angles.cos() * self.magnitude, angles.sin() * self.magnitude  # (B, 1, T, D/2)
        return torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)


def rotate(x: Float[Tensor, "B H T D"], rotation: Rotation) -> Float[Tensor, "B H T D"]:
    """Turns each pair (x_i, x_{i + D/2}) by its angle: Llama's pairing, so that its weights need no permutation.

    y_i = x_i cos − x_{i + D/2} sin and y_{i + D/2} = x_{i + D/2} cos + x_i sin: rolling by D/2 swaps the partners.
    """
    cos, sin = (table.to(x.dtype) for table in rotation)
    return x * cos + x.roll(x.shape[-1] // 2, dims=-1) * sin


class ALiBi(nn.Module):
    """bias = −slope_h · |p_query − p_key|, slopes geometric over the heads (Press et al. 2022, section 3).

    For a number of heads that is no power of two: the slopes of the next lower power, then every second slope of the
    next higher one, as the paper's own code has it.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        power = 2 ** math.floor(math.log2(heads))
        self.slopes = [2 ** (-8 * (i + 1) / power) for i in range(power)]
        self.slopes += [2 ** (-8 * (2 * i + 1) / (2 * power)) for i in range(heads - power)]

    def forward(self, queries: Int[Tensor, "#B Tq"], keys: Int[Tensor, "#B Tk"]) -> Float[Tensor, "#B H Tq Tk"]:
        """Computes the penalty of every pair."""
        distance = (queries[:, :, None] - keys[:, None, :]).abs()  # (B, Tq, Tk)
        return -torch.tensor(self.slopes, device=queries.device)[:, None, None] * distance[:, None]


class RelativeBias(nn.Module):
    """A trained number a head and bucket of distance: exact when near, logarithmic when far (Raffel et al. 2020, 2.1).

    A causal stack spends every bucket on the past; a bidirectional one half of them on the future.
    """

    def __init__(self, heads: int, *, buckets: int = 32, distance: int = 128, bidirectional: bool = False) -> None:
        super().__init__()
        self.table = embedding_over(nn.Parameter(torch.zeros(buckets, heads)))
        self.buckets = buckets
        self.distance = distance
        self.bidirectional = bidirectional

    def forward(self, queries: Int[Tensor, "#B Tq"], keys: Int[Tensor, "#B Tk"]) -> Float[Tensor, "#B H Tq Tk"]:
        """Looks up the bucket of every pair."""
        past = queries[:, :, None] - keys[:, None, :]  # (B, Tq, Tk), positive when the key lies before
        return self.table(self.bucket(past)).permute(0, 3, 1, 2)

    def bucket(self, past: Int[Tensor, "*B"]) -> Int[Tensor, "*B"]:
        """Maps how far back a key lies to its bucket."""
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
    """A trained number a head and number of edges on the shortest path between two nodes (Ying et al. 2021, eq. 6).

    Args:
        heads: H.
        longest: edges on the longest path that has a number of its own; one more is for nodes that no path joins.
    """

    def __init__(self, heads: int, longest: int) -> None:
        super().__init__()
        self.table = embedding_over(nn.Parameter(torch.zeros(longest + 2, heads)))
        self.no_path = longest + 1

    def of(self, distances: Int[Tensor, "B N N"]) -> BiasesScores:
        """The biases in these graphs: how many edges lie between the nodes, −1 where no path joins them."""
        return partial(self, distances)

    def forward(
        self, distances: Int[Tensor, "B N N"], queries: Int[Tensor, "#B Tq"], keys: Int[Tensor, "#B Tk"]
    ) -> Float[Tensor, "B H Tq Tk"]:
        """Looks up the number of every pair; a node's position is its row in `distances`."""
        rows = torch.arange(len(distances), device=distances.device)[:, None, None]
        between = distances[rows, queries[:, :, None], keys[:, None, :]]  # (B, Tq, Tk)
        return self.table(torch.where(between < 0, self.no_path, between)).permute(0, 3, 1, 2)
