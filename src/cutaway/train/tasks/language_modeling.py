"""Predict each token from those before it."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cutaway.data.windows import IGNORED
from cutaway.train.tasks.base import Batch


class LanguageModeling:
    """Cross-entropy of the next token, in nats.

    Args:
        characters_per_token: of the validation text, so that losses of different tokenizers can be compared.
    """

    def __init__(self, characters_per_token: float = 1.0) -> None:
        self._characters_per_token = characters_per_token

    def collate(self, examples: tuple[np.ndarray, np.ndarray], device: torch.device) -> Batch:
        """Takes inputs and targets, both (B, T)."""
        inputs, targets = (torch.from_numpy(array).to(device, non_blocking=True) for array in examples)
        return {"inputs": inputs, "targets": targets}

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums −log p(target) over all targets that count."""
        logits = model(batch["inputs"]).float().flatten(0, 1)  # (B · T, V)
        targets = batch["targets"].flatten()
        total = F.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum")
        return total, (targets != IGNORED).sum()

    def score(self, total: float, count: int) -> dict[str, float]:
        """Loss a token in nats, perplexity, and bits a character."""
        loss = total / count
        bits = loss / math.log(2) / self._characters_per_token
        return {"loss": loss, "perplexity": math.exp(min(loss, 700.0)), "bits_per_character": bits}
