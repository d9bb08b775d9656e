"""Sequence to sequence: pairs of texts, their tokens, and the loss (Sutskever et al. 2014; Vaswani et al. 2017)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from cutaway.data.examples import Pair
from cutaway.data.padding import pad
from cutaway.model.transformer import Hidden
from cutaway.nn.losses import IGNORED, Logits, cross_entropy, figures_of_tokens, measure_tokens
from cutaway.tasks.base import Batch, Model, to_tensors
from cutaway.tasks.image_captioning.task import CaptionRow
from cutaway.tasks.rows.shown import SHOWN, Kind
from cutaway.tasks.rows.targets import require_role, targets
from cutaway.tasks.rows.texts import cut, encode_texts
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_source


@dataclass(frozen=True)
class PairRow:
    """A pair as token ids: the source ends with the end token; the target begins with the begin token and ends too."""

    source: list[int]
    target: list[int]

    @property
    def lengths(self) -> tuple[int, int]:
        """How long both sides are."""
        return len(self.source), len(self.target)


@dataclass(frozen=True)
class PairTokenizers:
    """What turns both sides into tokens; the two are the same if the sides share one.

    Raises:
        UserError: a tokenizer lacks the tokens that begin and end a text.
    """

    source: Tokenizer
    target: Tokenizer

    def __post_init__(self) -> None:
        require_role(self.source, "source", "end")
        require_role(self.target, "target", "start")
        require_role(self.target, "target", "end")

    def read(self, texts: Sequence[str]) -> list[list[int]]:
        """Sources as tokens."""
        frame = around_source(self.source)
        return [frame.around(ids) for ids in encode_texts(self.source, texts)]

    def rows(
        self, pairs: Sequence[Pair], limit: int, counted: Counter[str], *, truncate: bool = False
    ) -> list[PairRow]:
        """Pairs as tokens, but for those with more than `limit` tokens on a side: they are left out, and counted.

        If `truncate` says so, only targets are too long: sources are cut, and counted.
        """
        written = targets(self.target, [pair.target for pair in pairs])
        sources = self.read([pair.source for pair in pairs])
        if truncate:
            sources = cut(sources, limit, counted)
        rows = [PairRow(source, target) for source, target in zip(sources, written, strict=True)]
        fitting = [row for row in rows if max(row.lengths) <= limit]
        if len(fitting) < len(rows):
            counted[f"longer than {limit} tokens"] += len(rows) - len(fitting)
        return fitting


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
