"""Reading a held-out part from end to end."""

from collections import defaultdict

import torch
from torch import nn

from cutaway.model.device import autocast
from cutaway.tasks.base import FiniteBatches, Task
from cutaway.training.expert_load import counted_choices, largest_load


@torch.inference_mode()
def evaluate(
    model: nn.Module, task: Task, batches: FiniteBatches, precision: torch.dtype, limit: int | None = None
) -> dict[str, float]:
    """Computes the task's figures over all batches, or the first `limit`. The model is left as it was, mode included.

    The result is deterministic, and does not depend on how the examples were batched. Of a mixture of experts it also
    tells how uneven the load is.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    sums: defaultdict[str, float] = defaultdict(float)
    try:
        with counted_choices(model) as choices:
            for i in range(min(len(batches), limit or len(batches))):
                with autocast(device, precision):
                    parts = task.measure(model, task.collate(batches[i], device))
                for name, part in parts.items():
                    sums[name] += part.item()
    finally:
        model.train(was_training)
    return {**task.score(sums), **largest_load(choices), "tokens": int(sums["count"])}
