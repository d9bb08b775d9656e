"""Sequences of symbols, computed on."""

from collections.abc import Sequence

import torch

from cutaway.config.run import RunConfig
from cutaway.config.task import AlgorithmicConfig
from cutaway.errors import UserError
from cutaway.model.device import device_of
from cutaway.model.transformer import Transformer
from cutaway.verbs.batching import in_batches, require_fitting


@torch.inference_mode()
def compute(model: Transformer, config: RunConfig, rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """The likeliest symbol in each place of each row (see `Pipeline.sort`)."""
    task = config.task
    assert isinstance(task, AlgorithmicConfig)
    known = config.model.vocabulary or 0
    for row in rows:
        for number in row:
            if not 0 <= number < known:
                raise UserError(f"{number} is not among the numbers that the model knows: 0 to {task.symbols - 1}")
        if not row:
            raise UserError(f"there is nothing to {task.operation}: give numbers")
    require_fitting(rows, config.model.context)

    def best(tokens: torch.Tensor, mask: torch.Tensor | None) -> list[list[int]]:
        lengths = [tokens.shape[1]] * len(tokens) if mask is None else mask.sum(dim=1).tolist()
        found = model(tokens, attention_mask=mask).argmax(dim=-1).tolist()
        return [row[:length] for row, length in zip(found, lengths, strict=True)]

    return in_batches(rows, best, device_of(model))
