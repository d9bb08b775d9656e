"""From token ids to the vectors that enter the first block."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from cutaway.nn.positions import AddsToEmbeddings
from cutaway.tap import tap


class TokenEmbedding(nn.Module):
    """norm(scale · E[token] + position): one trained vector a token, and where it stands if the scheme adds that.

    Args:
        vocabulary: V, how many tokens there are.
        width: C.
        scale: multiplies the token's vector; √C in Vaswani et al. 2017, section 3.4.
        positions: the scheme, if it is one that adds.
        norm: what the sum passes through, if anything.
        dropout: share of the result zeroed in training.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        *,
        scale: float = 1.0,
        positions: nn.Module | None = None,
        norm: nn.Module | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(vocabulary, width))
        self.scale = scale
        self.positions: AddsToEmbeddings | None = positions
        self.norm = norm or nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.taps = ("tokens", *(("positions",) if positions is not None else ()), "out")

    def forward(self, tokens: Int[Tensor, "B T"], positions: Int[Tensor, "#B T"]) -> Float[Tensor, "B T C"]:
        """Looks up the tokens and adds where they stand."""
        x = tap("tokens", F.embedding(tokens, self.weight) * self.scale)
        if self.positions is not None:
            x = x + tap("positions", self.positions(positions))
        return tap("out", self.dropout(self.norm(x)))
