"""Find where in a context the answer begins and where it ends (Devlin et al. 2019, section 4.2)."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from cutaway.data.padding import pad, pad_with_mask
from cutaway.data.rows.questions import QuestionRow
from cutaway.training.tasks.base import Batch, Model, to_tensors


class QuestionAnswering:
    """Cross-entropy of the first and of the last token of the answer, halved and added, in nats.

    A window without the answer points to its first token.

    Args:
        segments: whether the model tells the question from the context.
    """

    def __init__(self, *, segments: bool) -> None:
        self._segments = segments

    def collate(self, examples: Sequence[QuestionRow], device: torch.device) -> Batch:
        """Pads at the ends."""
        arrays = {
            **pad_with_mask([row.tokens for row in examples], "tokens", "attention_mask"),
            "targets": pad([row.target for row in examples], 0),
        }
        if self._segments:
            arrays["segments"] = pad([row.segments for row in examples], 0)
        return to_tensors(arrays, device)

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums over the windows."""
        total = F.cross_entropy(span_logits(model, batch), batch["targets"], reduction="sum") / 2
        return total, torch.tensor(len(batch["targets"]))

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """The same, and how many windows are right in both places."""
        logits, targets = span_logits(model, batch), batch["targets"]
        return {
            "loss": F.cross_entropy(logits, targets, reduction="sum") / 2,
            "count": torch.tensor(len(targets)),
            "correct": (logits.argmax(dim=1) == targets).all(dim=1).sum(),
        }

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss a window in nats, and the share of windows that are right."""
        return {"loss": sums["loss"] / sums["count"], "accuracy": sums["correct"] / sums["count"]}


def span_logits(model: Model, batch: Batch) -> Tensor:
    """Scores of each token as the first and as the last of the answer, (B, T, 2); padding is out of question."""
    segments = {"segments": batch["segments"]} if "segments" in batch else {}
    logits: Tensor = model(batch["tokens"], attention_mask=batch.get("attention_mask"), **segments).float()
    if "attention_mask" in batch:
        logits = logits.masked_fill(~batch["attention_mask"][:, :, None], torch.finfo(logits.dtype).min)
    return logits
