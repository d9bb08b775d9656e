"""Choose a label for each token that has one: tags of words, or the symbols that a computation leaves in its places."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from cutaway.data.padding import pad, pad_with_mask
from cutaway.model.transformer import Hidden
from cutaway.nn.losses import IGNORED, Logits, ScoringHead, cross_entropy, judge_tokens
from cutaway.training.tasks.base import Batch, Model, to_tensors


@runtime_checkable
class LabelledTokens(Protocol):
    """Token ids, and the number of a label for each, or `IGNORED`."""

    @property
    def tokens(self) -> Sequence[int]:
        """The ids."""

    @property
    def targets(self) -> Sequence[int]:
        """The labels."""


class TokenClassification:
    """Cross-entropy of each label, in nats.

    Args:
        logits: how many are held at once in training.
    """

    def __init__(self, *, logits: Logits = "parts") -> None:
        self._logits: Logits = logits

    def collate(self, examples: Sequence[LabelledTokens], device: torch.device) -> Batch:
        """Pads at the ends."""
        arrays = pad_with_mask([row.tokens for row in examples], "tokens", "attention_mask")
        return to_tensors({**arrays, "targets": pad([row.targets for row in examples], IGNORED)}, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums −log p(label) over all tokens that have one."""

        def read(head: ScoringHead, hidden: Hidden) -> tuple[Tensor, Tensor]:
            return cross_entropy(head, hidden.states, batch["targets"], logits=self._logits)

        return model(batch["tokens"], attention_mask=batch.get("attention_mask"), read=read)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The same; how many labels were right; how many rows there were, and how many were right throughout."""
        targets = batch["targets"]

        def read(head: ScoringHead, hidden: Hidden) -> tuple[Tensor, Tensor]:
            return judge_tokens(head, hidden.states, targets)

        loss, right = model(batch["tokens"], attention_mask=batch.get("attention_mask"), read=read)
        wrong = torch.zeros_like(targets, dtype=torch.bool)
        wrong[targets != IGNORED] = ~right
        return {
            "loss": loss,
            "count": torch.tensor(len(right)),
            "correct": right.sum(),
            "rows": torch.tensor(len(targets)),
            "right_rows": (~wrong.any(dim=1)).sum(),
        }

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss a label in nats, and the shares of labels and of whole rows that are right."""
        return {
            "loss": sums["loss"] / sums["count"],
            "accuracy": sums["correct"] / sums["count"],
            "exact": sums["right_rows"] / sums["rows"],
        }
