"""One layer: attention between tokens, then a feed-forward network for each token."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from cutaway.nn.attention import Attention
from cutaway.nn.cache import LayerCache, Shapes
from cutaway.nn.dropout import drop
from cutaway.nn.geometry import Geometry, TokenPositions
from cutaway.nn.latent import LatentAttention
from cutaway.tap import tap

AnyAttention = Attention | LatentAttention


@dataclass(frozen=True)
class Memory:
    """The encoder's output for a decoder: a vector per token of the source, and the positions of the tokens."""

    hidden: Float[Tensor, "B Ts C"]
    tokens: TokenPositions


@dataclass(frozen=True)
class CrossAttentionInput:
    """What one layer's cross-attention attends to.

    Attributes:
        source: vectors that the cache does not hold yet: all of the source in the first call, none later.
        geometry: which tokens attend to which of them.
        cache: the keys and values of earlier calls.
    """

    source: Float[Tensor, "B Ts C"]
    geometry: Geometry
    cache: LayerCache | None = None


class Block(nn.Module):
    """Self-attention, cross-attention if there is a source, and feed-forward, each with a residual connection."""

    def __init__(
        self,
        self_attention: AnyAttention,
        feedforward: nn.Module,
        self_attention_residual: nn.Module,
        feedforward_residual: nn.Module,
        *,
        cross_attention: AnyAttention | None = None,
        cross_attention_residual: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.self_attention = self_attention
        self.self_attention_residual = self_attention_residual
        self.cross_attention = cross_attention or nn.Identity()
        self.cross_attention_residual = cross_attention_residual or nn.Identity()
        self.feedforward = feedforward
        self.feedforward_residual = feedforward_residual
        cross = () if cross_attention is None else ("residual.after_cross_attention",)
        self.taps = ("residual.in", "residual.after_self_attention", *cross, "residual.out")

    def forward(
        self,
        x: Float[Tensor, "B T C"],
        geometry: Geometry,
        cache: LayerCache | None = None,
        across: CrossAttentionInput | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Updates the residual stream."""
        x = tap("residual.in", x)
        x = self.self_attention_residual(x, lambda y: self.self_attention(y, geometry, cache))
        x = tap("residual.after_self_attention", x)
        if across is not None:
            x = self.cross_attention_residual(
                x, lambda y: self.cross_attention(y, across.geometry, across.cache, across.source)
            )
            x = tap("residual.after_cross_attention", x)
        return tap("residual.out", self.feedforward_residual(x, self.feedforward))


class ParallelBlock(nn.Module):
    """x + attention(norm(x)) + feedforward(norm(x)): both read the same stream (Wang & Komatsuzaki 2021, GPT-J).

    With a source, cross-attention is a further term.
    """

    taps = ("residual.in", "residual.out")

    def __init__(
        self,
        self_attention: AnyAttention,
        feedforward: nn.Module,
        norm: nn.Module,
        *,
        cross_attention: AnyAttention | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.self_attention = self_attention
        self.cross_attention = cross_attention or nn.Identity()
        self.feedforward = feedforward
        self.norm = norm
        self.dropout = dropout

    def forward(
        self,
        x: Float[Tensor, "B T C"],
        geometry: Geometry,
        cache: LayerCache | None = None,
        across: CrossAttentionInput | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Updates the residual stream."""
        x = tap("residual.in", x)
        y = self.norm(x)
        change = self.self_attention(y, geometry, cache) + self.feedforward(y)
        if across is not None:
            change = change + self.cross_attention(y, across.geometry, across.cache, across.source)
        return tap("residual.out", x + drop(change, self.dropout, self.training))


class ParallelNormsBlock(nn.Module):
    """x + attention(norm₁(x)) + feedforward(norm₂(x)): as `ParallelBlock`, with a norm each (Black et al. 2022, 2.1).

    With a source, cross-attention is a further term, with a norm of its own.
    """

    taps = ("residual.in", "residual.out")

    def __init__(
        self,
        self_attention: AnyAttention,
        feedforward: nn.Module,
        self_attention_norm: nn.Module,
        feedforward_norm: nn.Module,
        *,
        cross_attention: AnyAttention | None = None,
        cross_attention_norm: nn.Module | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.self_attention = self_attention
        self.self_attention_norm = self_attention_norm
        self.cross_attention = cross_attention or nn.Identity()
        self.cross_attention_norm = cross_attention_norm or nn.Identity()
        self.feedforward = feedforward
        self.feedforward_norm = feedforward_norm
        self.dropout = dropout

    def forward(
        self,
        x: Float[Tensor, "B T C"],
        geometry: Geometry,
        cache: LayerCache | None = None,
        across: CrossAttentionInput | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Updates the residual stream."""
        x = tap("residual.in", x)
        change = self.self_attention(self.self_attention_norm(x), geometry, cache)
        change = change + self.feedforward(self.feedforward_norm(x))
        if across is not None:
            y = self.cross_attention_norm(x)
            change = change + self.cross_attention(y, across.geometry, across.cache, across.source)
        return tap("residual.out", x + drop(change, self.dropout, self.training))


AnyBlock = Block | ParallelBlock | ParallelNormsBlock


def cached_shapes(block: nn.Module, attention: str) -> Shapes:
    """What the cache stores per token for one attention of a block, `self_attention` or `cross_attention`.

    The attention may be inside a module that wraps it; of several, the first counts. Nothing is stored for an attention
    that does not exist.
    """
    owners = (module for module in block.modules() if isinstance(module, AnyBlock))
    parts = (part for owner in owners for part in getattr(owner, attention).modules())
    return next((part.cache_shapes() for part in parts if isinstance(part, AnyAttention)), {})
