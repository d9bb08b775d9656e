"""The learning rate as a fraction of its peak, a pure function of the step."""

import math
from collections.abc import Callable
from functools import partial

from cutaway.config.schedule import (
    ConstantConfig,
    CosineConfig,
    InverseSquareRootConfig,
    LinearConfig,
    ScheduleConfig,
    StableConfig,
)


def schedule_of(config: ScheduleConfig, steps: int) -> Callable[[int], float]:
    """The schedule of a run of so many steps, as a function of the step: for `torch.optim.lr_scheduler.LambdaLR`."""
    return partial(_rate, config, steps)


def _rate(config: ScheduleConfig, steps: int, step: int) -> float:
    return rate(config, step, steps)


def rate(schedule: ScheduleConfig, step: int, steps: int) -> float:
    """The fraction of the peak learning rate at a step, from 0 to steps − 1; later it stays as it is at `steps`.

    Warm-up is linear and ends after `warmup` steps, or after that fraction of all steps.
    """
    step = min(step, steps)
    warmup = schedule.warmup if schedule.warmup >= 1 else round(schedule.warmup * steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = (step - warmup) / max(1, steps - warmup)  # 0 at the peak, 1 at the end
    match schedule:
        case ConstantConfig():
            return 1.0
        case CosineConfig(floor=floor):
            return floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2
        case LinearConfig(floor=floor):
            return floor + (1 - floor) * (1 - progress)
        case StableConfig(floor=floor, decay=decay):
            return floor + (1 - floor) * min(1.0, (1 - progress) / decay)
        case InverseSquareRootConfig():
            return math.sqrt((warmup + 1) / (step + 1))
