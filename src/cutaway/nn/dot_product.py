"""softmax(Q Kᵀ · scale) V: the plain equation, and faster forms of it.

The plain form is the reference: the others are tested equal to it, gradients included. It runs when a capture requests
the scores or the pattern, which the fused kernel never computes.
"""

from dataclasses import dataclass
from itertools import product

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from cutaway.nn.dropout import drop
from cutaway.nn.geometry import Geometry, all_to_all
from cutaway.nn.layers import require_axes
from cutaway.tap import tap, watching

HALF = (torch.bfloat16, torch.float16)
FEW = 8
"""The most queries in half precision for which query heads are folded."""


@dataclass(frozen=True)
class Scoring:
    """How attention scores are computed.

    Attributes:
        scale: multiplies q · k; 1/√D in most models.
        softcap: limits scores to ±softcap by a tanh (Gemma 2, section 2); None for no limit.
    """

    scale: float
    softcap: float | None = None

    def query_size(self, width: int) -> float:
        """The size of queries of this width that gives scores as large as a scale of 1/√width does."""
        return width**-0.5 / self.scale


def attend(
    q: Float[Tensor, "B H Tq D"],
    k: Float[Tensor, "B G Tk D"],
    v: Float[Tensor, "B G Tk Dv"],
    geometry: Geometry | None = None,
    scoring: Scoring | None = None,
    dropout: float = 0.0,
    mask: Bool[Tensor, "*#mask"] | None = None,
) -> Float[Tensor, "B H Tq Dv"]:
    """Averages the values, weighted by the softmax of the scores (Vaswani et al. 2017, eq. 1).

    Query head h attends to key-value head ⌊h · G / H⌋. A query that may attend to nothing gets zeros.

    Args:
        q: queries.
        k: keys.
        v: values.
        geometry: which queries may attend to which keys, and biases of the scores; by default, all to all.
        scoring: how scores are computed; by default, with a scale of 1/√D.
        dropout: fraction of attention weights that is zeroed.
        mask: True where a query may attend to a key, if the geometry allows it too; broadcasts to (B, H, Tq, Tk).

    Raises:
        ValueError: the queries have no axis of batches or heads, or the mask is not boolean.
    """
    require_axes(q, "queries", "B H Tq D")
    geometry = all_to_all(q.shape[2], k.shape[2], q.device) if geometry is None else geometry
    geometry = geometry if mask is None else geometry.restricted(mask)
    scoring = Scoring(q.shape[3] ** -0.5) if scoring is None else scoring
    if watching("scores", "pattern"):
        return plain(q, k, v, geometry, scoring, dropout)
    if scoring.softcap is None and geometry.is_full:
        return fused(q, k, v, None, scoring, dropout)
    if scoring.softcap is None and geometry.is_triangle:
        return unfolded(q, k, v, None, scoring, dropout, is_causal=True)
    body = masked if scoring.softcap is None else plain  # no fused kernel has a softcap
    blocks = [body(q[:, :, rows], k, v, geometry.rows(rows), scoring, dropout) for rows in geometry.blocks()]
    return torch.cat(blocks, dim=2)


def plain(q: Tensor, k: Tensor, v: Tensor, geometry: Geometry, scoring: Scoring, dropout: float) -> Tensor:
    """The equation, step by step."""
    repeats = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(repeats, dim=1), v.repeat_interleave(repeats, dim=1)
    scores = q @ k.mT * scoring.scale  # (B, H, Tq, Tk)
    if scoring.softcap is not None:
        scores = scoring.softcap * torch.tanh(scores / scoring.softcap)
    scores = tap("scores", scores if geometry.bias is None else scores + geometry.bias.to(scores.dtype))
    weights = tap("pattern", softmax(scores, geometry.mask))
    return drop(weights, dropout, dropout > 0) @ v


def softmax(scores: Float[Tensor, "*B Tq Tk"], mask: Tensor) -> Float[Tensor, "*B Tq Tk"]:
    """Softmax over the keys that may be attended to; a row without any is zeros."""
    hidden = ~mask
    weights = scores.masked_fill(hidden, torch.finfo(scores.dtype).min).softmax(dim=-1)
    return weights.masked_fill(hidden, 0.0)


def masked(q: Tensor, k: Tensor, v: Tensor, geometry: Geometry, scoring: Scoring, dropout: float) -> Tensor:
    """The fused kernel with a mask or a bias."""
    mask, bias = geometry.mask, geometry.bias
    if bias is not None:
        mask = bias.to(q.dtype).masked_fill(~mask, -torch.inf)
    return fused(q, k, v, mask, scoring, dropout)


def fused(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scoring: Scoring, dropout: float) -> Tensor:
    """Attends by the fastest of three equal forms; the mask is boolean, or added to the scores."""
    if not is_faster_folded(q, k):
        return unfolded(q, k, v, mask, scoring, dropout)
    groups = k.shape[1]
    rows, folded = fold(q, groups, q.shape[1]), None if mask is None else fold(mask, groups, q.shape[1])
    form = by_products if is_faster_by_products(rows, k, mask) else unfolded
    mixed = form(rows, k, v, folded, scoring, dropout)  # (B, G, H/G · Tq, Dv)
    return mixed.unflatten(2, (-1, q.shape[2])).flatten(1, 2)


def unfolded(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scoring: Scoring, dropout: float, *, is_causal: bool = False
) -> Tensor:
    """The fused kernel with as many heads as it is given.

    Keys are made as wide as values: with other widths, torch would compute the scores of all pairs at once. Zeros
    appended to queries and keys change no score.
    """
    width = max(q.shape[-1], v.shape[-1])
    q, k, padded = (x if x.shape[-1] == width else F.pad(x, (0, width - x.shape[-1])) for x in (q, k, v))
    mixed = F.scaled_dot_product_attention(
        q,
        k,
        padded,
        attn_mask=mask,
        dropout_p=dropout,
        is_causal=is_causal,
        scale=scoring.scale,
        enable_gqa=k.shape[1] != q.shape[1],
    )
    return mixed if v is padded else mixed[..., : v.shape[-1]]


def is_faster_folded(q: Tensor, k: Tensor) -> bool:
    """Whether the query heads of a group had better be queries of one head, so that its keys and values are read once.

    On one thread of an AVX-512 processor, 64 to 1,024 keys and three to eight query heads per group, one query takes
    0.4 to 1 of the time in fp32, 0.2 to 0.5 in fp16, and 0.5 to 1.1 in bf16, where a batch of small groups is the slow
    case.
    Two to eight queries take about half in both half precisions, but no less in fp32, where the mask is repeated for
    nothing; of more queries, the kernel makes blocks itself. Multi-head attention has no groups: a second, equal query
    would take twice the time there.
    """
    if q.shape[1] == k.shape[1] or torch.compiler.is_exporting():  # an exported graph serves any number of queries
        return False
    return q.shape[2] <= (FEW if q.dtype in HALF else 1)


def is_faster_by_products(q: Tensor, k: Tensor, mask: Tensor | None) -> bool:
    """Whether so many wide queries share so many keys that matrix products are faster than the fused kernel.

    That is the case of absorbed latent attention in half precision. With 128 queries of width 576, two threads of a
    processor with AMX take 0.8 of the kernel's time in bf16 at 2,048 keys, 0.3 at 32,768, and 0.7 in fp16; in fp32,
    products take 1.1 of it.
    """
    is_added = mask is not None and mask.dtype != torch.bool
    is_large = q.shape[2] >= 128 and q.shape[3] >= 512 and k.shape[2] >= 2048
    return is_large and not is_added and q.dtype in HALF and q.device.type == "cpu"


def by_products(
    q: Float[Tensor, "B G T D"], k: Tensor, v: Tensor, mask: Tensor | None, scoring: Scoring, dropout: float
) -> Float[Tensor, "B G T Dv"]:
    """The equation as products of matrices, one sequence and head at a time, since batched products are slower.

    Scores are rounded to the dtype: with 32,768 keys in bf16, results are off by 0.009 of the largest, and those of the
    fused kernel by 0.003.
    """
    mixed = q.new_empty(*q.shape[:3], v.shape[3])
    seen = None if mask is None else mask.expand(*q.shape[:3], k.shape[2])
    for place in product(range(q.shape[0]), range(q.shape[1])):
        scores = torch.addmm(q.new_zeros(1), q[place], k[place].T, beta=0, alpha=scoring.scale)
        weights = scores.softmax(dim=-1) if seen is None else softmax(scores, seen[place])
        mixed[place] = drop(weights, dropout, dropout > 0) @ v[place]
    return mixed


def fold(x: Tensor, groups: int, heads: int) -> Tensor:
    """(B, H, Tq, …) -> (B, G, H/G · Tq, …); a mask that is the same for all heads, (B, 1, Tq, Tk), keeps one head."""
    each = x.expand(-1, heads // groups, -1, -1)[:, None] if x.shape[1] == 1 else x.unflatten(1, (groups, -1))
    return each.flatten(2, 3)
