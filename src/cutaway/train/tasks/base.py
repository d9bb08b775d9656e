"""What the loop knows of what is being learnt."""

from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

Batch = dict[str, Tensor]
"""Named tensors whose first axis is the example."""


@runtime_checkable
class Task(Protocol):
    """Something to learn: how examples become a batch, what is lost on it, and how the loss is told to people."""

    def collate(self, examples: Any, device: torch.device) -> Batch:
        """Makes a batch of what the data yields."""

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Returns the summed loss of all targets, and how many targets there are."""

    def score(self, total: float, count: int) -> dict[str, float]:
        """Turns the summed loss over a whole part of the data into the figures that people compare."""


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
