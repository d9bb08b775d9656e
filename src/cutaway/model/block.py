"""One layer: attention lets tokens speak to each other, then each thinks by itself."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.nn.attention import Attention
from cutaway.nn.cache import Shapes, Store
from cutaway.nn.geometry import Geometry
from cutaway.tap import tap


class Block(nn.Module):
    """Attention, then feed-forward, each with its residual connection."""

    taps = ("residual.in", "residual.after_self_attention", "residual.out")

    def __init__(
        self,
        self_attention: Attention,
        feedforward: nn.Module,
        self_attention_residual: nn.Module,
        feedforward_residual: nn.Module,
    ) -> None:
        super().__init__()
        self.self_attention = self_attention
        self.feedforward = feedforward
        self.self_attention_residual = self_attention_residual
        self.feedforward_residual = feedforward_residual

    def remembers(self) -> Shapes:
        """What a cache must hold of each token."""
        return self.self_attention.remembers()

    def forward(
        self, x: Float[Tensor, "B T C"], geometry: Geometry, store: Store | None = None
    ) -> Float[Tensor, "B T C"]:
        """Moves the stream one layer on."""
        x = tap("residual.in", x)
        x = self.self_attention_residual(x, lambda y: self.self_attention(y, geometry, store))
        x = tap("residual.after_self_attention", x)
        return tap("residual.out", self.feedforward_residual(x, self.feedforward))


class ParallelBlock(nn.Module):
    """x + attention(norm(x)) + feedforward(norm(x)): both read the same stream (Wang & Komatsuzaki 2021, GPT-J)."""

    taps = ("residual.in", "residual.out")

    def __init__(
        self, self_attention: Attention, feedforward: nn.Module, norm: nn.Module, *, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.self_attention = self_attention
        self.feedforward = feedforward
        self.norm = norm
        self.dropout = dropout

    def remembers(self) -> Shapes:
        """What a cache must hold of each token."""
        return self.self_attention.remembers()

    def forward(
        self, x: Float[Tensor, "B T C"], geometry: Geometry, store: Store | None = None
    ) -> Float[Tensor, "B T C"]:
        """Moves the stream one layer on."""
        x = tap("residual.in", x)
        y = self.norm(x)
        change = self.self_attention(y, geometry, store) + self.feedforward(y)
        return tap("residual.out", x + F.dropout(change, self.dropout, self.training))
