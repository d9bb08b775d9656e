"""A few steps on data without sense, to know what a run will take before it begins."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from cutaway.config.train import TrainConfig
from cutaway.model.cost import saved_for_backward
from cutaway.model.device import autocast, choose_precision, device_of
from cutaway.model.files import RunFolder
from cutaway.tasks.base import TrainingData
from cutaway.training.loop import Trainer
from cutaway.training.optimizers import balance_biases, block_matrices


@dataclass(frozen=True)
class Rehearsal:
    """What was measured.

    Attributes:
        seconds_per_step: median; the first step, which warms up, left out where there are several.
        activations: bytes that a forward pass keeps for the backward pass, for one part of a batch.
    """

    seconds_per_step: float
    activations: int


def rehearse(
    model: nn.Module, config: TrainConfig, part: TrainingData, *, steps: int = 4, patience: float = 30.0
) -> Rehearsal:
    """Trains a model that nobody needs for a few steps. Its weights change.

    A batch that is computed in parts is measured by one part.

    Args:
        model: of the shape in question.
        config: of the run in question.
        part: what it learns, in batches as large as a part of the run's.
        steps: how many to make, unless `patience` seconds are over before.
        patience: no step begins after so many seconds.
    """
    trainer = Trainer(model, part, config.model_copy(update={"accumulation": 1}), RunFolder(Path()))
    device = device_of(model)
    batch = part.task.collate(part.training[0], device)
    with autocast(device, choose_precision(config.precision, device)):
        activations = saved_for_backward(model, lambda: part.task.loss(model, batch)[0])
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < steps and (not times or time.perf_counter() - began < patience):
        start = time.perf_counter()
        trainer.step(len(times), 1.0)
        times.append(time.perf_counter() - start)
    return Rehearsal(statistics.median(times[1:] or times) * config.accumulation, activations)


def optimizer_tensors(config: TrainConfig, model: nn.Module) -> dict[str, int]:
    """How many tensors of its own size the optimizer keeps for each weight; none for one that is frozen."""
    single = block_matrices(model) if config.optimizer.kind == "muon" else {}
    fewer = dict.fromkeys(single, 1) | dict.fromkeys(balance_biases(model), 0)
    return {name: fewer.get(name, 2) if weight.requires_grad else 0 for name, weight in model.named_parameters()}
