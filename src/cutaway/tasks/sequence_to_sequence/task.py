"""Write a target while looking at a source, a text or a picture (Sutskever et al. 2014; Vaswani et al. 2017)."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from cutaway.data.padding import pad
from cutaway.model.transformer import Hidden
from cutaway.nn.losses import IGNORED, Logits, cross_entropy, figures_of_tokens, measure_tokens
from cutaway.tasks.base import Batch, Model, to_tensors
from cutaway.tasks.rows.captions import CaptionRow
from cutaway.tasks.rows.pairs import PairRow
from cutaway.tasks.rows.shown import SHOWN, Kind

Result = TypeVar("Result")
SOURCE = {"inputs": "source", "attention_mask": "source_mask"}
"""What an encoder's arguments are called where a decoder looks at it."""


class SequenceToSequence:
    """Cross-entropy of each token of the target, given the source and the target before it, in nats.

    Args:
        label_smoothing: share of certainty given to all tokens alike, in training only (Vaswani et al. 2017, 5.4).
        kind: of the sources.
        logits: how many are held at once in training.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        kind: Kind = SHOWN["sequence_to_sequence"],
        *,
        logits: Logits = "parts",
    ) -> None:
        self._label_smoothing = label_smoothing
        self._kind = kind
        self._logits: Logits = logits

    def collate(self, examples: Sequence[PairRow] | Sequence[CaptionRow], device: torch.device) -> Batch:
        """Pads at the ends. The decoder reads each target but for its last token, and is to write all but its first."""
        shown = self._kind.batch([row.source for row in examples])
        arrays = {
            **{SOURCE[name]: array for name, array in shown.items()},
            "inputs": pad([row.target[:-1] for row in examples], 0),
            "targets": pad([row.target[1:] for row in examples], IGNORED),
        }
        return to_tensors(arrays, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums the smoothed loss over all tokens of the targets."""

        def read(head: nn.Module, hidden: Hidden) -> tuple[Tensor, Tensor]:
            return cross_entropy(head, hidden.states, batch["targets"], self._label_smoothing, self._logits)

        return _write(model, batch, read)

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """Sums the loss, not smoothed, and counts the tokens that were ranked first."""

        def read(head: nn.Module, hidden: Hidden) -> dict[str, Tensor]:
            return measure_tokens(head, hidden.states, batch["targets"])

        return _write(model, batch, read)

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss a token in nats, perplexity, and the share of tokens ranked first, given the right ones before."""
        return figures_of_tokens(sums)


def _write(model: Model, batch: Batch, read: Callable[[nn.Module, Hidden], Result]) -> Result:
    """A target padded at its end needs no mask: the decoder never looks ahead."""
    found: Result = model(batch["inputs"], source=batch["source"], source_mask=batch.get("source_mask"), read=read)
    return found
