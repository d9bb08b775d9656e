"""Predict each token from those before it."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from cutaway.model.transformer import Hidden
from cutaway.nn.losses import IGNORED, Logits, cross_entropy, figures_of_tokens, measure_tokens
from cutaway.tasks.base import Batch, Model, to_tensors


class LanguageModeling:
    """Cross-entropy of the next token, in nats.

    A model that looks further ahead also learns from the tokens after that one (DeepSeek-V3, eq. 24 and 25).

    Where documents are packed into one row, their tokens may be kept apart (Llama 3, 2024, section 3.2). The token that
    separates them is the last target of one document and the first input of the next.

    Args:
        characters_per_token: of the validation text, so that losses of different tokenizers can be compared.
        multi_token_weight: of the mean loss over all depths that the model looks further ahead.
        separator: the token between documents, if tokens are to attend to their own document only.
        logits: how many are held at once in training.
    """

    def __init__(
        self,
        characters_per_token: float = 1.0,
        multi_token_weight: float = 0.3,
        *,
        separator: int | None = None,
        logits: Logits = "parts",
    ) -> None:
        self._characters_per_token = characters_per_token
        self._multi_token_weight = multi_token_weight
        self._separator = separator
        self._logits: Logits = logits

    def collate(self, examples: tuple[np.ndarray, np.ndarray], device: torch.device) -> Batch:
        """Takes inputs and targets, both (B, T)."""
        inputs, targets = examples
        documents = {} if self._separator is None else {"documents": number_documents(inputs, self._separator)}
        return to_tensors({"inputs": inputs, "targets": targets, **documents}, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums −log p(target) over all targets that count, once for each depth; counts those of the first."""

        def read(head: nn.Module, hidden: Hidden) -> tuple[Tensor, Tensor]:
            total, count = cross_entropy(head, hidden.states, batch["targets"], logits=self._logits)
            for depth, states in enumerate(hidden.multi_token, 1):
                further, _ = cross_entropy(head, states, multi_token_targets(batch, depth), logits=self._logits)
                total = total + self._multi_token_weight / len(hidden.multi_token) * further
            return total, count

        return model(batch["inputs"], documents=batch.get("documents"), read=read)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The loss of the next token alone, and how many targets were ranked first; of all depths ahead too."""

        def read(head: nn.Module, hidden: Hidden) -> dict[str, Tensor]:
            sums = measure_tokens(head, hidden.states, batch["targets"])
            for depth, states in enumerate(hidden.multi_token, 1):
                found = measure_tokens(head, states, multi_token_targets(batch, depth))
                for name in ("count", "correct"):
                    sums[f"multi_token_{name}"] = sums.get(f"multi_token_{name}", 0) + found[name]
            return sums

        return model(batch["inputs"], documents=batch.get("documents"), read=read)

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss a token in nats, perplexity, bits a character, and the share of tokens that were ranked first."""
        further = {}
        if sums.get("multi_token_count"):
            further["multi_token_accuracy"] = sums["multi_token_correct"] / sums["multi_token_count"]
        figures = figures_of_tokens(sums)
        bits = figures["loss"] / math.log(2) / self._characters_per_token
        accuracy = figures.pop("accuracy")
        return {**figures, "bits_per_character": bits, "accuracy": accuracy, **further}


def number_documents(inputs: np.ndarray, separator: int) -> np.ndarray:
    """Which document of its row each input belongs to, (B, T); a separator begins one."""
    return np.cumsum(inputs == separator, axis=1)


def multi_token_targets(batch: Batch, depth: int) -> Tensor:
    """The targets of what looks so many tokens further ahead, (B, T - depth).

    Those are ignored that are predicted from the inputs of several documents.
    """
    targets = batch["targets"][:, depth:]
    if "documents" not in batch:
        return targets
    documents = batch["documents"]
    return targets.masked_fill(documents[:, depth:] != documents[:, :-depth], IGNORED)
