"""Predict each token from those before it."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from cutaway.train.losses import cross_entropy, measure_tokens
from cutaway.train.tasks.base import Batch, Model, to_tensors


class LanguageModeling:
    """Cross-entropy of the next token, in nats.

    Args:
        characters_per_token: of the validation text, so that losses of different tokenizers can be compared.
    """

    def __init__(self, characters_per_token: float = 1.0) -> None:
        self._characters_per_token = characters_per_token

    def collate(self, examples: tuple[np.ndarray, np.ndarray], device: torch.device) -> Batch:
        """Takes inputs and targets, both (B, T)."""
        inputs, targets = examples
        return to_tensors({"inputs": inputs, "targets": targets}, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums −log p(target) over all targets that count."""
        return cross_entropy(model.head, model.hidden(batch["inputs"]), batch["targets"])

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The same, and how many targets were ranked first."""
        return measure_tokens(model.head, model.hidden(batch["inputs"]), batch["targets"])

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss a token in nats, perplexity, bits a character, and the share of tokens that were ranked first."""
        loss = sums["loss"] / sums["count"]
        return {
            "loss": loss,
            "perplexity": math.exp(min(loss, 700.0)),
            "bits_per_character": loss / math.log(2) / self._characters_per_token,
            "accuracy": sums["correct"] / sums["count"],
        }
