"""Multi-head latent attention: keys and values of all heads are computed from one small vector per token, the latent.

The cache holds the latent and one rotary key shared by all heads, instead of the keys and values of every head. There
are two ways to attend to cached tokens, equal up to rounding. The *expanded* form computes each head's keys and values
from the latents, then attends as usual. The *absorbed* form multiplies the queries by the key matrices instead, so that
the latents serve as the single key and value of all heads. It costs more per pair of tokens and nothing per cached
token, so it is faster where one token attends to many. It computes with the weights of two layers without calling them,
so it is used only while these are plain.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.nn.attention import split_heads
from cutaway.nn.cache import LayerCache, Shapes
from cutaway.nn.dot_product import Scoring, attend
from cutaway.nn.geometry import Geometry
from cutaway.nn.layers import require_axes
from cutaway.nn.plain import is_plain
from cutaway.nn.positions import rotate
from cutaway.tap import tap

Parts = tuple[Tensor, Tensor]
"""The parts of queries that are not rotated, and those that are."""


@dataclass(frozen=True)
class LatentHeads:
    """Sizes of latent attention.

    Attributes:
        count: H, the number of heads.
        width: D, of the part of a query or key that is not rotated.
        rotary: Dr, of the part that is rotated.
        value: Dv, of a value.
        rank: R, of the latent of keys and values.
        query_rank: of the latent of queries; None if they are computed from the token itself.
    """

    count: int
    width: int
    rotary: int
    value: int
    rank: int
    query_rank: int | None = None


class LatentAttention(nn.Module):
    """Attention whose H heads share a latent of rank R per token (DeepSeek-V2, 2024, section 2.1 and appendix C).

    With latents c = norm(Down x) and c' = norm(Down' x), head h has the key [Key_h c, rotated Rotary x], whose second
    part is shared by all heads, the value Value_h c, and the query [Query_h c', rotated Query'_h c'].

    Args:
        width: C, of the tokens.
        heads: the sizes.
        scoring: how scores are computed; the scale is (D + Dr)^−½ in the paper.
        norms: of the latent of queries (an identity if there is none), and of the latent of keys and values.
        bias: whether the matrices applied to tokens have a bias; `out_bias` likewise for the output.
        rotary: whether the second parts are rotated.
        dropout: fraction of attention weights zeroed in training.
    """

    def __init__(
        self,
        width: int,
        heads: LatentHeads,
        scoring: Scoring,
        norms: tuple[nn.Module, nn.Module],
        *,
        bias: bool = False,
        out_bias: bool = False,
        rotary: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.scoring = scoring
        rank = heads.query_rank
        self.query_down = nn.Identity() if rank is None else nn.Linear(width, rank, bias=bias)
        self.query_norm, self.latent_norm = norms
        self.query = nn.Linear(rank or width, heads.count * (heads.width + heads.rotary), bias=bias and rank is None)
        self.latent_down = nn.Linear(width, heads.rank, bias=bias)
        self.rotary_key = nn.Linear(width, heads.rotary, bias=bias)
        self.key = nn.Linear(heads.rank, heads.count * heads.width, bias=False)
        self.value = nn.Linear(heads.rank, heads.count * heads.value, bias=False)
        self.out = nn.Linear(heads.count * heads.value, width, bias=out_bias)
        self.dropout = dropout
        self.same_input = ("query" if rank is None else "query_down", "latent_down", "rotary_key")
        rotated = ("query_rotated", "key_rotated") if rotary else ()
        self.taps = ("input", "query", "latent", *rotated, "key", "value", "scores", "pattern", "mixed", "out")

    @property
    def query_size(self) -> float:
        """The size that queries should have: 1 with the usual scale of scores (`Scoring`)."""
        return self.scoring.query_size(self.heads.width + self.heads.rotary)

    def cache_shapes(self) -> Shapes:
        """What the cache stores per token: the latent, then the rotary key; the absorbed form takes both as one key."""
        return {"memory": (1, self.heads.rank + self.heads.rotary)}

    def forward(
        self,
        x: Float[Tensor, "B T C"],
        geometry: Geometry,
        cache: LayerCache | None = None,
        source: Float[Tensor, "B Ts C"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Attends from each token to those that the geometry allows; the cache adds those of earlier calls.

        Latents and rotary keys are computed from x (self-attention) or from `source` (cross-attention).

        Raises:
            ValueError: x has no batch dimension.
        """
        require_axes(x, "inputs of attention", "B T C")
        x = tap("input", x)
        source = x if source is None else source
        queries = self.query(self.query_norm(self.query_down(x)))
        q = tap("query", split_heads(queries, self.heads.width + self.heads.rotary))
        content, rotary = q.split([self.heads.width, self.heads.rotary], dim=-1)  # (B, H, T, D), (B, H, T, Dr)
        latent = tap("latent", self.latent_norm(self.latent_down(source)))[:, None]  # (B, 1, Ts, R)
        rotary_key = self.rotary_key(source)[:, None]  # (B, 1, Ts, Dr)
        rotation = geometry.rotation_in(q.dtype)
        if rotation is not None:
            rotary = tap("query_rotated", rotate(rotary, rotation))
            rotary_key = tap("key_rotated", rotate(rotary_key, rotation))
        memory = torch.cat([latent, rotary_key], dim=-1)  # (B, 1, Ts, R + Dr)
        memory = memory if cache is None else cache.update("memory", memory)
        is_decoding = cache is not None and x.shape[1] == 1
        body = self.absorbed if is_decoding and is_plain(self.key, self.value) else self.expanded
        mixed = tap("mixed", body((content, rotary), memory, geometry))
        return tap("out", self.out(mixed.transpose(1, 2).flatten(2)))

    def expanded(self, queries: Parts, memory: Tensor, geometry: Geometry) -> Float[Tensor, "B H T Dv"]:
        """The equation as written: attends to the keys and values of each head.

        Args:
            queries: parts of shape (B, H, T, D) and (B, H, T, Dr).
            memory: latents and rotary keys, (B, 1, Tk, R + Dr).
            geometry: which queries attend to which keys.
        """
        latent, rotary_key = memory.split([self.heads.rank, self.heads.rotary], dim=-1)
        content = split_heads(self.key(latent[:, 0]), self.heads.width)  # (B, H, Tk, D)
        q = torch.cat(queries, dim=-1)  # (B, H, T, D + Dr)
        k = tap("key", torch.cat([content, rotary_key.expand(-1, self.heads.count, -1, -1)], dim=-1))
        v = tap("value", split_heads(self.value(latent[:, 0]), self.heads.value))  # (B, H, Tk, Dv)
        return self._attend(q, k, v, geometry)

    def absorbed(self, queries: Parts, memory: Tensor, geometry: Geometry) -> Float[Tensor, "B H T Dv"]:
        """The same by q · (Key_h c) = (Key_hᵀ q) · c and Σ w Value_h c = Value_h Σ w c (section 2.1.2).

        Takes the arguments of `expanded`. The attention is multi-query: its only key is [c, rotary key], its value c.
        """
        content, rotary = queries
        key = self.key.weight.unflatten(0, (self.heads.count, -1))  # (H, D, R)
        value = self.value.weight.unflatten(0, (self.heads.count, -1))  # (H, Dv, R)
        q = torch.cat([content @ key, rotary], dim=-1)  # (B, H, T, R + Dr)
        mixed = self._attend(q, memory, memory, geometry)  # values as wide as keys, for the kernel
        return mixed[..., : self.heads.rank] @ value.mT

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, geometry: Geometry) -> Tensor:
        return attend(q, k, v, geometry, self.scoring, self.dropout * self.training)
