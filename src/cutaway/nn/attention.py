"""Multi-head, grouped-query and multi-query attention: one equation with different numbers of key-value heads."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from cutaway.nn.cache import LayerCache, Shapes
from cutaway.nn.dot_product import Scoring, attend
from cutaway.nn.geometry import Geometry
from cutaway.nn.layers import require_axes
from cutaway.nn.positions import rotate
from cutaway.tap import tap


@dataclass(frozen=True)
class Heads:
    """Sizes of attention: `count` query heads share `groups` key-value heads, all of size `width`."""

    count: int
    groups: int
    width: int


class Attention(nn.Module):
    """Attention with H query heads over G key-value heads.

    It is called multi-head if G = H (Vaswani et al. 2017, section 3.2), multi-query if G = 1 (Shazeer 2019), and
    grouped-query between (Ainslie et al. 2023).

    Args:
        width: C, of the tokens.
        heads: number and width of the heads.
        scoring: how scores are computed; by default, with a scale of 1/√D.
        bias: whether queries, keys and values have a bias; `out_bias` likewise for the output.
        norms: applied to each query head and each key head, or to all of them by `JointNorm`, before the rotation.
        rotary: whether queries and keys are rotated.
        dropout: fraction of attention weights zeroed in training.
    """

    same_input = ("query", "key", "value")
    """Linear layers that are given the same input in self-attention; for inference, they are stored as one matrix."""

    def __init__(
        self,
        width: int,
        heads: Heads,
        scoring: Scoring | None = None,
        *,
        bias: bool = False,
        out_bias: bool = False,
        norms: tuple[nn.Module, nn.Module] | None = None,
        rotary: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.scoring = Scoring(heads.width**-0.5) if scoring is None else scoring
        self.query = nn.Linear(width, heads.count * heads.width, bias=bias)
        self.key = nn.Linear(width, heads.groups * heads.width, bias=bias)
        self.value = nn.Linear(width, heads.groups * heads.width, bias=bias)
        self.out = nn.Linear(heads.count * heads.width, width, bias=out_bias)
        self.q_norm, self.k_norm = norms or (nn.Identity(), nn.Identity())
        self.dropout = dropout
        rotated = ("query_rotated", "key_rotated") if rotary else ()
        self.taps = ("input", "query", "key", "value", *rotated, "scores", "pattern", "mixed", "out")

    @property
    def query_size(self) -> float:
        """The size that queries should have: 1 with the usual scale of scores (`Scoring`)."""
        return self.scoring.query_size(self.heads.width)

    def cache_shapes(self) -> Shapes:
        """What the cache stores per token."""
        shape = (self.heads.groups, self.heads.width)
        return {"key": shape, "value": shape}

    def forward(
        self,
        x: Float[Tensor, "B T C"],
        geometry: Geometry,
        cache: LayerCache | None = None,
        source: Float[Tensor, "B Ts C"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Attends from each token to those that the geometry allows; the cache adds those of earlier calls.

        Keys and values are computed from x (self-attention) or from `source` (cross-attention). `geometry_of(x)` is the
        geometry of causal self-attention; `all_to_all` has no restriction.

        Raises:
            ValueError: x has no batch dimension.
        """
        require_axes(x, "inputs of attention", "B T C")
        x = tap("input", x)
        source = x if source is None else source
        q = tap("query", self.q_norm(split_heads(self.query(x), self.heads.width)))  # (B, H, T, D)
        k = tap("key", self.k_norm(split_heads(self.key(source), self.heads.width)))  # (B, G, Ts, D)
        v = tap("value", split_heads(self.value(source), self.heads.width))  # (B, G, Ts, D)
        rotation = geometry.rotation_in(q.dtype)
        if rotation is not None:
            q = tap("query_rotated", rotate(q, rotation))
            k = tap("key_rotated", rotate(k, rotation))
        if cache is not None:
            k, v = cache.update("key", k), cache.update("value", v)  # (B, G, Tk, D)
        mixed = tap("mixed", attend(q, k, v, geometry, self.scoring, self.dropout * self.training))
        return tap("out", self.out(mixed.transpose(1, 2).flatten(2)))


class JointNorm(nn.Module):
    """Normalises all heads of a token together, as one vector (OLMo 2, section 3.1).

    Args:
        norm: over H · D channels.
    """

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Float[Tensor, "B H T D"]) -> Float[Tensor, "B H T D"]:
        """Normalises each token."""
        return split_heads(self.norm(x.transpose(1, 2).flatten(2)), x.shape[-1])


def split_heads(x: Float[Tensor, "B T HD"], width: int) -> Float[Tensor, "B H T D"]:
    """Splits the last axis into heads of `width`, and moves them before the tokens."""
    return x.unflatten(-1, (-1, width)).transpose(1, 2)
