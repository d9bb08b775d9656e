"""Reading a held-out part from end to end."""

from collections import defaultdict

import torch
from torch import nn

from cutaway.model.device import autocast
from cutaway.train.tasks.base import FiniteBatches, Task


@torch.inference_mode()
def evaluate(
    model: nn.Module, task: Task, batches: FiniteBatches, precision: torch.dtype, limit: int | None = None
) -> dict[str, float]:
    """Computes the task's figures over all batches, or the first `limit`. The model is left as it was, mode included.

    The result is deterministic, and does not depend on how the examples were batched.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    sums: defaultdict[str, float] = defaultdict(float)
    try:
        for i in range(min(len(batches), limit or len(batches))):
            with autocast(device, precision):
                parts = task.measure(model, task.collate(batches[i], device))
            for name, part in parts.items():
                sums[name] += part.item()
    finally:
        model.train(was_training)
    return {**task.score(sums), "tokens": int(sums["count"])}
