"""From token ids to the vectors that enter the first block."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from cutaway.nn.dropout import Dropout
from cutaway.nn.positions import AddsToEmbeddings
from cutaway.tap import tap


class TokenEmbedding(nn.Module):
    """norm(scale · E[token] + S[segment] + position): one trained vector a token, and where it stands.

    Args:
        weight: E, (V, C); it may be shared with a head or another embedding.
        scale: multiplies the token's vector; √C in Vaswani et al. 2017, section 3.4.
        segments: how many parts of a text are told apart, each by a trained vector (Devlin et al. 2019, section 3).
        positions: the scheme, if it is one that adds.
        norm: what the sum passes through, if anything.
        dropout: share of the result zeroed in training.
    """

    def __init__(
        self,
        weight: nn.Parameter,
        *,
        scale: float = 1.0,
        segments: int = 0,
        positions: nn.Module | None = None,
        norm: nn.Module | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight = weight
        self.scale = scale
        self.segments = nn.Parameter(torch.zeros(segments, weight.shape[1])) if segments else None
        self.positions: AddsToEmbeddings | None = positions
        self.norm = norm or nn.Identity()
        self.dropout = Dropout(dropout)
        self.taps = ("tokens", *(("positions",) if positions is not None else ()), "out")

    def forward(
        self,
        tokens: Int[Tensor, "B T"],
        positions: Int[Tensor, "#B T"],
        segments: Int[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Looks up the tokens and adds where they stand; without `segments`, all belong to the first.

        Raises:
            ValueError: segments are given, and this embedding does not tell them apart.
        """
        x = tap("tokens", F.embedding(tokens, self.weight) * self.scale)
        if self.segments is not None:
            x = x + (self.segments[0] if segments is None else F.embedding(segments, self.segments))
        elif segments is not None:
            raise ValueError("the model does not tell segments apart: model.embedding.segments is 0")
        if self.positions is not None:
            x = x + tap("positions", self.positions(positions))
        return tap("out", self.dropout(self.norm(x)))
