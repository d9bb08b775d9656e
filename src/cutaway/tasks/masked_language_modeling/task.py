"""Predict hidden tokens from those on both sides (Devlin et al. 2019, section 3.1)."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from cutaway.model.transformer import Hidden
from cutaway.nn.losses import Logits, cross_entropy, figures_of_tokens, measure_tokens
from cutaway.tasks.base import Batch, Model, to_tensors


class MaskedLanguageModeling:
    """Cross-entropy of the tokens that were chosen to be predicted, in nats; which those are, the data says.

    Args:
        logits: how many are held at once in training.
    """

    def __init__(self, *, logits: Logits = "parts") -> None:
        self._logits: Logits = logits

    def collate(self, examples: tuple[np.ndarray, np.ndarray, np.ndarray], device: torch.device) -> Batch:
        """Takes inputs, targets, and which inputs are text, all (B, T)."""
        inputs, targets, keep = examples
        mask = {} if keep.all() else {"attention_mask": keep}
        return to_tensors({"inputs": inputs, "targets": targets, **mask}, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums −log p(token) over the tokens to be predicted; no others reach the head."""

        def read(head: nn.Module, hidden: Hidden) -> tuple[Tensor, Tensor]:
            return cross_entropy(head, hidden.states, batch["targets"], logits=self._logits)

        return model(batch["inputs"], attention_mask=batch.get("attention_mask"), read=read)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The same, and how many tokens were ranked first."""

        def read(head: nn.Module, hidden: Hidden) -> dict[str, Tensor]:
            return measure_tokens(head, hidden.states, batch["targets"])

        return model(batch["inputs"], attention_mask=batch.get("attention_mask"), read=read)

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss a hidden token in nats, its perplexity, and the share of hidden tokens that were ranked first."""
        return figures_of_tokens(sums)
