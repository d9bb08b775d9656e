"""Multi-token prediction: what a decoder learns besides, to see further ahead than the next token."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from cutaway.model.block import Block, ParallelBlock
from cutaway.nn.geometry import Geometry
from cutaway.tap import tap


class Ahead(nn.Module):
    """h' = norm(block(W [norm(h); norm(E[next])])): one token further than h (DeepSeek-V3, eq. 21 and 22).

    With h that predict the next token, and that token, it gives what the same head reads to predict the one after it;
    from these, and the one after it, another such module goes on.

    Args:
        table: E, (V, C), shared with the model's embedding.
        block: a layer as the model's.
        norms: of h, of the token, and of what the head reads.
    """

    taps = ("norm",)

    def __init__(
        self, table: nn.Parameter, block: Block | ParallelBlock, norms: tuple[nn.Module, nn.Module, nn.Module]
    ) -> None:
        super().__init__()
        self.weight = table
        self.hidden_norm, self.token_norm, self.norm = norms
        self.project = nn.Linear(2 * table.shape[1], table.shape[1], bias=False)
        self.block: Any = block

    def forward(
        self, hidden: Float[Tensor, "B T C"], following: Int[Tensor, "B T"], geometry: Geometry
    ) -> Float[Tensor, "B T C"]:
        """Takes, at each place, h and the token that it predicts."""
        token = F.embedding(following, self.weight)
        both = torch.cat([self.hidden_norm(hidden), self.token_norm(token)], dim=-1)  # (B, T, 2 C)
        return tap("norm", self.norm(self.block(self.project(both), geometry)))
