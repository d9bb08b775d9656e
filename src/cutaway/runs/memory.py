"""Running out of memory, explained by what a run needs."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cutaway.config.run import RunConfig
from cutaway.display import size
from cutaway.errors import JobError, is_out_of_memory
from cutaway.model.build import build
from cutaway.model.cost import cost, saved_for_backward
from cutaway.model.device import choose_device, device_memory
from cutaway.runs.plan import optimizer_tensors
from cutaway.tasks.task import task_of
from cutaway.training.freezing import freeze


@contextmanager
def explained_memory(config: RunConfig) -> Iterator[None]:
    """Says what a run needs if memory runs out while the block lasts.

    Raises:
        JobError: memory ran out.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise JobError(explain_memory(config)) from error


def explain_memory(config: RunConfig) -> str:
    """What a run needs, in words; `cutaway plan` gives the same numbers."""
    with torch.device("meta"):
        model = build(config.model)
    freeze(model, config.train.frozen)
    figures = cost(model, optimizer_tensors(config.train, model))
    needs = f"{size(figures.weights + figures.gradients + figures.optimizer)} for weights, gradients and the optimizer"
    activations = _activations(config)
    if activations is not None:
        needs += f", and about {size(activations)} for the activations of a batch"
    device = choose_device(config.train.device)
    memory = device_memory(device)
    has = "" if memory is None else f"; {device.type} has {size(memory)}"
    parts = 2 * config.train.gradient_accumulation
    divided = f"train.gradient_accumulation={parts}, " if config.train.batch_size % parts == 0 else ""
    return (
        f"out of memory: this run needs {needs}{has}. Try {divided}a smaller train.batch_size or model.context, or a "
        f"smaller model; what was saved before is untouched"
    )


def _activations(config: RunConfig) -> int | None:
    """Bytes of activations of a micro-batch, from those of one example; None if there is no memory even for that."""
    c = config.train
    tokens = c.batch_tokens or c.batch_size * config.model.context
    examples = max(1, tokens // config.model.context // c.gradient_accumulation)
    try:
        part = task_of(config).placeholder_data(1)
        model = build(config.model)
        batch = part.objective.collate(part.training[0], torch.device("cpu"))
        return examples * saved_for_backward(model, lambda: part.objective.loss(model, batch)[0])
    except (MemoryError, RuntimeError):
        return None
