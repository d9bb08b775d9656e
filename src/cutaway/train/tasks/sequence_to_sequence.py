"""Write a target while looking at a source (Sutskever et al. 2014; Vaswani et al. 2017)."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from cutaway.data.padding import pad, pad_with_mask
from cutaway.data.rows.pairs import PairRow
from cutaway.data.windows import IGNORED
from cutaway.train.losses import cross_entropy, measure_tokens
from cutaway.train.tasks.base import Batch, Model, to_tensors


class SequenceToSequence:
    """Cross-entropy of each token of the target, given the source and the target before it, in nats.

    Args:
        label_smoothing: share of certainty given to all tokens alike, in training only (Vaswani et al. 2017, 5.4).
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self._label_smoothing = label_smoothing

    def collate(self, examples: Sequence[PairRow], device: torch.device) -> Batch:
        """Pads at the ends. The decoder reads each target but for its last token, and is to write all but its first."""
        arrays = {
            **pad_with_mask([row.source for row in examples], "source", "source_mask"),
            "inputs": pad([row.target[:-1] for row in examples], 0),
            "targets": pad([row.target[1:] for row in examples], IGNORED),
        }
        return to_tensors(arrays, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums the smoothed loss over all tokens of the targets."""
        return cross_entropy(model.head, self._hidden(model, batch), batch["targets"], self._label_smoothing)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """Sums the loss, not smoothed, and counts the tokens that were ranked first."""
        return measure_tokens(model.head, self._hidden(model, batch), batch["targets"])

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss a token in nats, perplexity, and the share of tokens ranked first, given the right ones before."""
        loss = sums["loss"] / sums["count"]
        return {"loss": loss, "perplexity": math.exp(min(loss, 700.0)), "accuracy": sums["correct"] / sums["count"]}

    def _hidden(self, model: Model, batch: Batch) -> Tensor:
        """A target padded at its end needs no mask: the decoder never looks ahead."""
        return model.hidden(batch["inputs"], source=batch["source"], source_mask=batch.get("source_mask"))
