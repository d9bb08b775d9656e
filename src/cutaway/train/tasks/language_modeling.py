"""Predict each token from those before it."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from cutaway.model.transformer import Hidden
from cutaway.train.losses import Logits, ScoringHead, cross_entropy, figures_of_tokens, measure_tokens
from cutaway.train.tasks.base import Batch, Model, to_tensors


class LanguageModeling:
    """Cross-entropy of the next token, in nats.

    A model that looks further ahead also learns from the tokens after that one (DeepSeek-V3, eq. 24 and 25).

    Args:
        characters_per_token: of the validation text, so that losses of different tokenizers can be compared.
        ahead_weight: of the mean loss over all depths that the model looks further ahead.
        logits: how many are held at once in training.
    """

    def __init__(
        self, characters_per_token: float = 1.0, ahead_weight: float = 0.3, *, logits: Logits = "parts"
    ) -> None:
        self._characters_per_token = characters_per_token
        self._ahead_weight = ahead_weight
        self._logits: Logits = logits

    def collate(self, examples: tuple[np.ndarray, np.ndarray], device: torch.device) -> Batch:
        """Takes inputs and targets, both (B, T)."""
        inputs, targets = examples
        return to_tensors({"inputs": inputs, "targets": targets}, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums −log p(target) over all targets that count, once for each depth; counts those of the first."""
        targets = batch["targets"]

        def read(head: ScoringHead, hidden: Hidden) -> tuple[Tensor, Tensor]:
            total, count = cross_entropy(head, hidden.states, targets, logits=self._logits)
            for depth, states in enumerate(hidden.ahead, 1):
                further, _ = cross_entropy(head, states, targets[:, depth:], logits=self._logits)
                total = total + self._ahead_weight / len(hidden.ahead) * further
            return total, count

        return model(batch["inputs"], read=read)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The loss of the next token alone, and how many targets were ranked first; of all depths ahead too."""
        targets = batch["targets"]

        def read(head: ScoringHead, hidden: Hidden) -> dict[str, Tensor]:
            sums = measure_tokens(head, hidden.states, targets)
            for depth, states in enumerate(hidden.ahead, 1):
                found = measure_tokens(head, states, targets[:, depth:])
                for name in ("count", "correct"):
                    sums[f"ahead_{name}"] = sums.get(f"ahead_{name}", 0) + found[name]
            return sums

        return model(batch["inputs"], read=read)

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss a token in nats, perplexity, bits a character, and the share of tokens that were ranked first."""
        ahead = {"ahead_accuracy": sums["ahead_correct"] / sums["ahead_count"]} if sums.get("ahead_count") else {}
        figures = figures_of_tokens(sums)
        bits = figures["loss"] / math.log(2) / self._characters_per_token
        accuracy = figures.pop("accuracy")
        return {**figures, "bits_per_character": bits, "accuracy": accuracy, **ahead}
