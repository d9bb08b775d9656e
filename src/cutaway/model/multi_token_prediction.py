"""Multi-token prediction: modules that predict tokens after the next one in training."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.model.block import AnyBlock
from cutaway.nn.geometry import Geometry
from cutaway.tap import tap


class MultiTokenPrediction(nn.Module):
    """h' = norm(block(W [norm(h); norm(E[next])])): one token further than h (DeepSeek-V3, eq. 21 and 22).

    Given h, which predicts the next token, and that token's embedding E[next] from the model's own table, it gives the
    hidden states from which the same head predicts the token after it; another such module continues from there.

    Args:
        width: C.
        block: a layer like the model's.
        norms: of h, of the token, and of the output.
    """

    taps = ("norm",)

    def __init__(self, width: int, block: AnyBlock, norms: tuple[nn.Module, nn.Module, nn.Module]) -> None:
        super().__init__()
        self.hidden_norm, self.token_norm, self.norm = norms
        self.project = nn.Linear(2 * width, width, bias=False)
        self.block = block

    def forward(
        self, hidden: Float[Tensor, "B T C"], following: Float[Tensor, "B T C"], geometry: Geometry
    ) -> Float[Tensor, "B T C"]:
        """Takes, at each position, h and the embedding of the token that it predicts."""
        both = torch.cat([self.hidden_norm(hidden), self.token_norm(following)], dim=-1)  # (B, T, 2 C)
        return tap("norm", self.norm(self.block(self.project(both), geometry)))
