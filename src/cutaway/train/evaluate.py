"""Reading a held-out part from end to end."""

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
    total, count = 0.0, 0
    try:
        for i in range(min(len(batches), limit or len(batches))):
            with autocast(device, precision):
                loss, targets = task.loss(model, task.collate(batches[i], device))
            total += loss.item()
            count += int(targets.item())
    finally:
        model.train(was_training)
    return {**task.score(total, count), "tokens": count}
