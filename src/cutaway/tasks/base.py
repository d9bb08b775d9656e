"""What the training loop knows of a task and its data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch
from torch import Tensor

Batch = dict[str, Tensor]
"""Named tensors whose first axis is the example."""

Model: TypeAlias = Any
"""One of `cutaway.model.transformer`, of the architecture and with the head that the task needs."""


def to_tensors(arrays: Mapping[str, np.ndarray], device: torch.device) -> Batch:
    """Moves named arrays to the device."""
    return {name: torch.from_numpy(array).to(device, non_blocking=True) for name, array in arrays.items()}


@runtime_checkable
class Task(Protocol):
    """Something to learn: how examples become a batch, what is lost on it, and how that is told to people."""

    def collate(self, examples: Any, device: torch.device) -> Batch:
        """Makes a batch of what the data yields."""

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Returns the summed loss of all targets, and how many targets there are: what training makes small."""

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """Returns sums over a batch: the plain `loss`, the `count` of targets, and whatever else `score` needs."""

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Turns these sums over a whole part of the data into the figures that people compare, `loss` among them."""


@runtime_checkable
class Batches(Protocol):
    """Examples by number: batch i is the same whenever it is asked for."""

    def __getitem__(self, index: int) -> Any:
        """Returns what `Task.collate` takes."""


@runtime_checkable
class FiniteBatches(Batches, Protocol):
    """As many batches as it takes to see every example once."""

    def __len__(self) -> int:
        """Returns how many."""


@dataclass(frozen=True)
class TrainingData:
    """A task, and the batches that it is trained on and validated with."""

    task: Task
    training: Batches
    validation: FiniteBatches | None
