"""Choose a label for a text, an image or whatever else a model is shown, or several, or tell a number."""

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from cutaway.tasks.base import Batch, Model, to_tensors
from cutaway.tasks.rows.labels import LabelledRow
from cutaway.tasks.rows.shown import SHOWN, Kind


class SequenceClassification:
    """Cross-entropy of the label; the mean of a binary one over all labels; or the squared error of a number.

    Args:
        problem: `single_label`, `multi_label` or `regression`.
        weights: how much each label counts in training; all alike if not given.
        kind: of what the model is shown.
    """

    def __init__(
        self, problem: str, weights: Sequence[float] | None = None, kind: Kind = SHOWN["sequence_classification"]
    ) -> None:
        self._loss, self._correct = _PROBLEMS[problem]
        self._weights = weights
        self._kind = kind

    def collate(self, examples: Sequence[LabelledRow], device: torch.device) -> Batch:
        """Puts what is shown together, padded at the ends."""
        batch = to_tensors(self._kind.batch([row.shown for row in examples]), device)
        return {**batch, "targets": torch.tensor([row.target for row in examples], device=device)}

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums the loss over the examples, by the weights of their labels."""
        weights = None if self._weights is None else torch.tensor(self._weights, device=batch["targets"].device)
        return self._loss(_logits(model, batch), batch["targets"], weights), torch.tensor(len(batch["targets"]))

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """Sums the loss, unweighted, and counts the examples that are right in all labels."""
        logits, targets = _logits(model, batch), batch["targets"]
        return {
            "loss": self._loss(logits, targets, None),
            "count": torch.tensor(len(targets)),
            "correct": self._correct(logits, targets),
        }

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss an example, and the share of examples that are right (of numbers: within one half)."""
        return {"loss": sums["loss"] / sums["count"], "accuracy": sums["correct"] / sums["count"]}


def balanced_weights(targets: Sequence[int], labels: int) -> list[float]:
    """A weight for each label, such that all weigh the same together, and the mean over the examples is 1."""
    counts = [max(1, targets.count(label)) for label in range(labels)]
    return [len(targets) / (labels * count) for count in counts]


def _logits(model: Model, batch: Batch) -> Tensor:
    others = {name: tensor for name, tensor in batch.items() if name not in ("inputs", "targets")}
    logits: Tensor = model(batch["inputs"], **others)
    return logits.float()


def _single_loss(logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    return F.cross_entropy(logits, targets[:, 0].long(), weight=weights, reduction="sum")


def _several_loss(logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, targets, weight=weights, reduction="sum") / logits.shape[1]


def _value_loss(logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    return F.mse_loss(logits, targets, reduction="sum")


_Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]
_Correct = Callable[[Tensor, Tensor], Tensor]
_PROBLEMS: dict[str, tuple[_Loss, _Correct]] = {
    "single_label": (_single_loss, lambda logits, targets: (logits.argmax(dim=1) == targets[:, 0]).sum()),
    "multi_label": (_several_loss, lambda logits, targets: ((logits > 0) == targets.bool()).all(dim=1).sum()),
    "regression": (_value_loss, lambda logits, targets: ((logits - targets).abs() < 0.5).sum()),
}
