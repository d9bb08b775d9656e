"""Which learning rate? One that rises until the loss tells (Smith 2017, section 3.3)."""

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
"""Shares of the chosen learning rate, from the first step to the last."""
SMOOTHING = 0.9
"""Share of the running mean of the loss that stays each step."""
UNSETTLED = 10
"""First steps, in which the mean is over few losses and may be low by chance."""
DIVERGED = 1.25
"""The loss has diverged when it is so many times its least."""
BEFORE_LEAST = 0.1
"""The loss is least just before it diverges: a rate that is to be stable is so much lower."""


@dataclass(frozen=True)
class RateRange:
    """What the loss did while the learning rate rose.

    Attributes:
        rates: of each step.
        losses: smoothed, at each step before it was made.
        diverged: whether the loss did at the end.
    """

    rates: list[float]
    losses: list[float]
    diverged: bool

    @property
    def least(self) -> int | None:
        """The step at which the loss was least; None if it never fell."""
        steps = range(UNSETTLED, len(self.losses))
        step = min(steps, key=self.losses.__getitem__, default=UNSETTLED)
        return step if step > UNSETTLED else None

    @property
    def suggested(self) -> float | None:
        """A rate to train with; None if the loss never fell."""
        return None if self.least is None else BEFORE_LEAST * self.rates[self.least]


def find_rate(
    model: nn.Module,
    data: TrainingData,
    config: TrainConfig,
    progress: Callable[[int], None] = lambda done: None,
    *,
    steps: int = STEPS,
) -> RateRange:
    """Trains a copy of a model at a rate that rises exponentially, until the loss diverges.

    All rates of the optimizer rise in proportion; the schedule has no say.

    Args:
        model: stays as it is.
        data: what is learnt.
        config: how; its learning rate is in the middle of the range.
        progress: told how many steps are made.
        steps: how many to make at most.
    """
    trainer = Trainer(copy.deepcopy(model).train(), data, config, RunFolder(Path()))
    rates: list[float] = []
    losses: list[float] = []
    mean = weight = 0.0
    for step in range(steps):
        share = LOWEST * (HIGHEST / LOWEST) ** (step / max(1, steps - 1))
        try:
            loss = trainer.step(step, share)[0]
        except JobError:  # it is no number any more
            return RateRange(rates, losses, diverged=True)
        mean, weight = SMOOTHING * mean + (1 - SMOOTHING) * loss, SMOOTHING * weight + 1 - SMOOTHING
        rates.append(share * config.optimizer.learning_rate)
        losses.append(mean / weight)
        progress(step + 1)
        if losses[-1] > DIVERGED * min(losses[UNSETTLED:], default=math.inf):
            return RateRange(rates, losses, diverged=True)
    return RateRange(rates, losses, diverged=False)
