"""A few steps on random tokens, to know what a run will take before it begins."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from cutaway.config.train import TrainConfig
from cutaway.model.cost import saved_for_backward
from cutaway.model.device import autocast, choose_precision
from cutaway.model.files import RunFolder
from cutaway.train.loop import Lesson, Trainer
from cutaway.train.optimizers import block_matrices
from cutaway.train.tasks.language_modeling import LanguageModeling


@dataclass(frozen=True)
class Rehearsal:
    """What was measured.

    Attributes:
        seconds_per_step: median; the first step, which warms up, left out where there are several.
        tokens_per_second: of training.
        activations: bytes that a forward pass keeps for the backward pass, for one part of a batch.
    """

    seconds_per_step: float
    tokens_per_second: float
    activations: int


class RandomTokens:
    """Batches of meaningless tokens: as long and as many as real ones."""

    def __init__(self, vocabulary: int, batch_size: int, context: int) -> None:
        self._vocabulary = vocabulary
        self._shape = (batch_size, context + 1)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        tokens = np.random.default_rng(index).integers(self._vocabulary, size=self._shape)
        return tokens[:, :-1], tokens[:, 1:]


def rehearse(
    model: nn.Module, config: TrainConfig, vocabulary: int, context: int, *, steps: int = 4, patience: float = 30.0
) -> Rehearsal:
    """Trains a model that nobody needs for a few steps. Its weights change.

    A batch that is computed in parts is measured by one part.

    Args:
        model: of the shape in question.
        config: of the run in question.
        vocabulary: of the model.
        context: tokens an example.
        steps: how many to make, unless `patience` seconds are over before.
        patience: no step begins after so many seconds.
    """
    part = config.model_copy(update={"batch_size": config.batch_size // config.accumulation, "accumulation": 1})
    batches = RandomTokens(vocabulary, part.batch_size, context)
    task = LanguageModeling()
    trainer = Trainer(model, Lesson(task, batches, None), part, RunFolder(Path()))
    device = next(model.parameters()).device
    batch = task.collate(batches[0], device)
    with autocast(device, choose_precision(config.precision, device)):
        activations = saved_for_backward(model, lambda: task.loss(model, batch)[0])
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < steps and (not times or time.perf_counter() - began < patience):
        start = time.perf_counter()
        trainer.step(len(times), 1.0)
        times.append(time.perf_counter() - start)
    seconds = statistics.median(times[1:] or times) * config.accumulation
    return Rehearsal(seconds, config.batch_size * context / seconds, activations)


def optimizer_tensors(config: TrainConfig, model: nn.Module) -> dict[str, int]:
    """How many tensors of its own size the optimizer keeps for each weight."""
    single = block_matrices(model) if config.optimizer.kind == "muon" else {}
    return {name: 1 if name in single else 2 for name, _ in model.named_parameters()}
