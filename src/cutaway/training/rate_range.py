"""Learning rate range test (Smith 2017, section 3.3)."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from cutaway.config.train import TrainConfig
from cutaway.errors import JobError
from cutaway.model.run_folder import RunFolder
from cutaway.tasks.base import TrainingData
from cutaway.training.loop import Trainer

STEPS = 100
LOWEST, HIGHEST = 1e-3, 1e3
"""Fractions of the chosen learning rate, from the first step to the last."""
SMOOTHING = 0.9
"""Decay of the running mean of the loss."""
UNSETTLED = 10
"""First steps, in which the mean has few losses and may be low by chance."""
DIVERGED = 1.25
"""The loss has diverged when it is this many times its minimum."""
BEFORE_LEAST = 0.1
"""The loss is lowest just before it diverges; the suggested rate is lower by this factor."""


@dataclass(frozen=True)
class RateRange:
    """The loss while the learning rate rose.

    Attributes:
        rates: of each step.
        losses: smoothed, before each step.
        diverged: whether the loss diverged at the end.
    """

    rates: list[float]
    losses: list[float]
    diverged: bool

    @property
    def least(self) -> int | None:
        """The step with the lowest loss; None if it never fell."""
        steps = range(UNSETTLED, len(self.losses))
        step = min(steps, key=self.losses.__getitem__, default=UNSETTLED)
        return step if step > UNSETTLED else None

    @property
    def suggested(self) -> float | None:
        """A learning rate to train with; None if the loss never fell."""
        return None if self.least is None else BEFORE_LEAST * self.rates[self.least]


def find_rate(
    model: nn.Module,
    data: TrainingData,
    config: TrainConfig,
    progress: Callable[[int], None] = lambda done: None,
    *,
    steps: int = STEPS,
) -> RateRange:
    """Trains a copy of a model with an exponentially rising learning rate until the loss diverges.

    All learning rates of the optimizer rise in proportion; the schedule is not used.

    Args:
        model: is not changed.
        data: to train on.
        config: of the training; its learning rate is in the middle of the range.
        progress: called with the number of completed steps.
        steps: the most steps.
    """
    trainer = Trainer(copy.deepcopy(model).train(), data, config, RunFolder(Path()))
    rates: list[float] = []
    losses: list[float] = []
    mean = weight = 0.0
    for step in range(steps):
        share = LOWEST * (HIGHEST / LOWEST) ** (step / max(1, steps - 1))
        try:
            loss = trainer.step(step, share)[0]
        except JobError:  # the loss is not finite
            return RateRange(rates, losses, diverged=True)
        mean, weight = SMOOTHING * mean + (1 - SMOOTHING) * loss, SMOOTHING * weight + 1 - SMOOTHING
        rates.append(share * config.optimizer.learning_rate)
        losses.append(mean / weight)
        progress(step + 1)
        if losses[-1] > DIVERGED * min(losses[UNSETTLED:], default=math.inf):
            return RateRange(rates, losses, diverged=True)
    return RateRange(rates, losses, diverged=False)
