"""From hidden states to logits."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.tap import tap


class LanguageHead(nn.Module):
    """logits = h Wᵀ + b: how likely each token of the vocabulary is (Vaswani et al. 2017, section 3.4).

    W may be the token embedding itself; `softcap` squeezes the logits into ±softcap by a tanh (Gemma 2, section 2).
    """

    taps = ("logits",)

    def __init__(self, weight: nn.Parameter, *, bias: bool = False, softcap: float | None = None) -> None:
        super().__init__()
        self.weight = weight
        self.bias = nn.Parameter(torch.zeros(weight.shape[0])) if bias else None
        self.softcap = softcap

    def forward(self, hidden: Float[Tensor, "B T C"]) -> Float[Tensor, "B T V"]:
        """Scores every token of the vocabulary at each place."""
        logits = F.linear(hidden, self.weight, self.bias)
        if self.softcap is not None:
            logits = self.softcap * torch.tanh(logits / self.softcap)
        return tap("logits", logits)
