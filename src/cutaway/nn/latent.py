"""Multi-head latent attention: keys and values of all heads are read from one small vector a token, the latent.

A cache holds that latent and one rotary key that all heads share, in place of every head's key and value. What is
remembered can be attended to in two ways, equal but for rounding. The *expanded* body reads each head's keys and values
from the latents, then attends as always. The *absorbed* body moves the matrices that would do so to the other side:
queries are brought to where the latents are, which then serve as the one key and value of all heads. That costs more
for each pair of tokens and nothing for each remembered token, so it pays where one token looks at many. It computes
with the weights of two layers that it never calls, so it stands in for them only while they are plain.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.nn.attend import Scoring, attend
from cutaway.nn.attention import split_heads
from cutaway.nn.cache import LayerCache, Shapes
from cutaway.nn.geometry import Geometry
from cutaway.nn.plain import is_plain
from cutaway.nn.positions import rotate
from cutaway.tap import tap

Parts = tuple[Tensor, Tensor]
"""What positions leave alone, and what they rotate."""


@dataclass(frozen=True)
class LatentHeads:
    """Sizes of a latent attention.

    Attributes:
        count: H, the heads.
        width: D, of the part of a query or key that positions leave alone.
        rotary: Dr, of the part that they rotate.
        value: Dv, of a value.
        rank: R, of the latent that keys and values are read from.
        query_rank: of the latent that queries are read from; None if they are read from the token itself.
    """

    count: int
    width: int
    rotary: int
    value: int
    rank: int
    query_rank: int | None = None


class LatentAttention(nn.Module):
    """Attention whose H heads share a latent of R numbers a token (DeepSeek-V2, 2024, section 2.1 and appendix C).

    With latents c = norm(Down x) and c' = norm(Down' x), head h has the key [Key_h c, rotated Rotary x], whose second
    part is the same for all heads, the value Value_h c, and the query [Query_h c', rotated Query'_h c'].

    Args:
        width: C, of the tokens.
        heads: the sizes.
        scoring: how scores are made; the scale is (D + Dr)^−½ in the paper.
        norms: of the queries' latent (an identity if there is none), and of the latent of keys and values.
        bias: whether the matrices that read tokens have one; `out_bias` likewise for the output.
        rotary: whether the second parts are rotated. If not, they are like the first, but for the shared key.
        dropout: share of attention weights zeroed in training.
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
        rotated = ("query_rotated", "key_rotated") if rotary else ()
        self.taps = ("input", "query", "latent", *rotated, "key", "value", "scores", "pattern", "mixed", "out")

    @property
    def query_size(self) -> float:
        """How large queries are meant to be: 1 with the customary scale of scores (`Scoring`)."""
        return self.scoring.query_size(self.heads.width + self.heads.rotary)

    def cache_shapes(self) -> Shapes:
        """What a cache must hold of each token."""
        return {"latent": (1, self.heads.rank), "rotary_key": (1, self.heads.rotary)}

    def forward(
        self,
        x: Float[Tensor, "B T C"],
        geometry: Geometry,
        cache: LayerCache | None = None,
        source: Float[Tensor, "B Ts C"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Lets each token gather from those that the geometry lets it see; the cache adds those of earlier calls.

        Latents and rotary keys come from x itself (self-attention) or from the `source` (cross-attention).
        """
        x = tap("input", x)
        source = x if source is None else source
        queries = self.query(self.query_norm(self.query_down(x)))
        q = tap("query", split_heads(queries, self.heads.width + self.heads.rotary))
        content, rotary = q.split([self.heads.width, self.heads.rotary], dim=-1)  # (B, H, T, D), (B, H, T, Dr)
        latent = tap("latent", self.latent_norm(self.latent_down(source)))[:, None]  # (B, 1, Ts, R)
        rotary_key = self.rotary_key(source)[:, None]  # (B, 1, Ts, Dr)
        if geometry.rotation is not None:
            rotary = tap("query_rotated", rotate(rotary, geometry.rotation))
            rotary_key = tap("key_rotated", rotate(rotary_key, geometry.rotation))
        if cache is not None:
            latent, rotary_key = cache.update("latent", latent), cache.update("rotary_key", rotary_key)
        is_decoding = cache is not None and x.shape[1] == 1
        body = self.absorbed if is_decoding and is_plain(self.key, self.value) else self.expanded
        mixed = tap("mixed", body((content, rotary), (latent, rotary_key), geometry))
        return tap("out", self.out(mixed.transpose(1, 2).flatten(2)))

    def expanded(self, queries: Parts, memory: Parts, geometry: Geometry) -> Float[Tensor, "B H T Dv"]:
        """The equation as it is written: attends to each head's own keys and values.

        Args:
            queries: parts of shape (B, H, T, D) and (B, H, T, Dr).
            memory: latents (B, 1, Tk, R) and rotary keys (B, 1, Tk, Dr).
            geometry: who may look at whom.
        """
        latent, rotary_key = memory
        content = split_heads(self.key(latent[:, 0]), self.heads.width)  # (B, H, Tk, D)
        q = torch.cat(queries, dim=-1)  # (B, H, T, D + Dr)
        k = tap("key", torch.cat([content, rotary_key.expand(-1, self.heads.count, -1, -1)], dim=-1))
        v = tap("value", split_heads(self.value(latent[:, 0]), self.heads.value))  # (B, H, Tk, Dv)
        # The fused kernel takes values as wide as queries; for others torch would form all of the scores at once.
        v = F.pad(v, (0, max(0, q.shape[-1] - v.shape[-1])))
        return self._attend(q, k, v, geometry)[..., : self.heads.value]

    def absorbed(self, queries: Parts, memory: Parts, geometry: Geometry) -> Float[Tensor, "B H T Dv"]:
        """The same by q · (Key_h c) = (Key_hᵀ q) · c and Σ w Value_h c = Value_h Σ w c (section 2.1.2).

        Takes what `expanded` takes. The attention between is multi-query: its one key is [c, rotary key], its value c.
        """
        content, rotary = queries
        key = self.key.weight.unflatten(0, (self.heads.count, -1))  # (H, D, R)
        value = self.value.weight.unflatten(0, (self.heads.count, -1))  # (H, Dv, R)
        q = torch.cat([content @ key, rotary], dim=-1)  # (B, H, T, R + Dr)
        k = torch.cat(memory, dim=-1)  # (B, 1, Tk, R + Dr)
        mixed = self._attend(q, k, k, geometry)[..., : self.heads.rank]  # values as wide as keys, again for the kernel
        return mixed @ value.mT

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, geometry: Geometry) -> Tensor:
        return attend(q, k, v, geometry, self.scoring, self.dropout * self.training)
