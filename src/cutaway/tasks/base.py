"""What the training loop needs of a task: an objective, and batches to train and to validate it on."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from cutaway.model.device import autocast
from cutaway.model.expert_load import counted_choices, largest_load

Batch = dict[str, Tensor]
"""Named tensors whose first axis is the example."""

Model: TypeAlias = Any
"""One of `cutaway.model.transformer`, of the architecture and with the head that the task needs."""


def to_tensors(arrays: Mapping[str, np.ndarray], device: torch.device) -> Batch:
    """Moves named arrays to the device."""
    return {name: torch.from_numpy(array).to(device, non_blocking=True) for name, array in arrays.items()}


@runtime_checkable
class Objective(Protocol):
    """How examples are collated, the loss that training minimises, and the figures that validation reports.

    A class that derives from it needs `collate` and `loss` only.
    """

    def collate(self, examples: Any, device: torch.device) -> Batch:
        """Makes a batch of what the data yields."""

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Returns the summed loss over all targets, and the number of targets."""

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """Returns sums over a batch: the plain `loss`, the `count` of targets, and whatever else `score` needs."""
        loss, count = self.loss(model, batch)
        return {"loss": loss, "count": count}

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Turns these sums over a whole split into figures, `loss` among them."""
        return {"loss": sums["loss"] / sums["count"]}


@runtime_checkable
class Batches(Protocol):
    """Examples by batch number: batch i is the same whenever it is requested."""

    def __getitem__(self, index: int) -> Any:
        """Returns what `Objective.collate` takes."""


@runtime_checkable
class FiniteBatches(Batches, Protocol):
    """Batches that contain every example once."""

    def __len__(self) -> int:
        """Returns the number of batches."""


@runtime_checkable
class SampleOrder(Protocol):
    """The place of batches of different sizes in the order of all examples seen."""

    def samples_before(self, index: int) -> int:
        """Returns the number of examples in all batches before this one."""

    def index_at(self, samples: int) -> int:
        """Returns the number of the batch that holds the example after so many."""


@dataclass(frozen=True)
class EqualBatches:
    """The order of samples where every batch has the same number of them."""

    size: int

    def samples_before(self, index: int) -> int:
        """The number of examples in all batches before this one."""
        return index * self.size

    def index_at(self, samples: int) -> int:
        """The number of the batch that holds the example after so many."""
        return samples // self.size


@dataclass(frozen=True)
class TrainingData:
    """An objective, and the batches that it is trained on and validated with.

    Attributes:
        objective: of training.
        training: batches to train on.
        validation: batches to validate with.
        order: the place of the training batches in the order of samples; None if each has `train.batch_size` of them.
    """

    objective: Objective
    training: Batches
    validation: FiniteBatches | None
    order: SampleOrder | None = None


@dataclass(frozen=True)
class Repeated:
    """Batches that repeat one example: the time of a step does not depend on what is read."""

    row: Any
    count: int

    def __getitem__(self, index: int) -> list[Any]:
        return [self.row] * self.count


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    objective: Objective,
    batches: FiniteBatches,
    precision: torch.dtype,
    limit: int | None = None,
) -> dict[str, float]:
    """Computes the objective's figures over all batches, or over the first `limit`; leaves the model's mode unchanged.

    The result is deterministic and does not depend on how the examples were batched. For a mixture of experts it
    includes how uneven the load is.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    sums: defaultdict[str, float] = defaultdict(float)
    try:
        with counted_choices(model) as choices:
            for i in range(min(len(batches), limit or len(batches))):
                with autocast(device, precision):
                    parts = objective.measure(model, objective.collate(batches[i], device))
                for name, part in parts.items():
                    sums[name] += part.item()
    finally:
        model.train(was_training)
    return {**objective.score(sums), **largest_load(choices), "tokens": int(sums["count"])}
