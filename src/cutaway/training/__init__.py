"""The training loop, and what it is made of: optimizers, schedules, clipping, checkpoints, callbacks."""

from typing import TYPE_CHECKING

from cutaway.exports import exports

if TYPE_CHECKING:
    from cutaway.training.callbacks import (
        Callback as Callback,
        JSONLines as JSONLines,
        Metrics as Metrics,
        Samples as Samples,
        TensorBoard as TensorBoard,
    )
    from cutaway.training.checkpoints import Checkpoints as Checkpoints, Progress as Progress
    from cutaway.training.clipping import clip_gradients as clip_gradients
    from cutaway.training.freezing import freeze as freeze
    from cutaway.training.loop import Trainer as Trainer
    from cutaway.training.muon import Muon as Muon
    from cutaway.training.optimizers import Optimizer as Optimizer, make_optimizer as make_optimizer
    from cutaway.training.rate_range import RateRange as RateRange, find_rate as find_rate
    from cutaway.training.schedules import rate as rate, schedule_of as schedule_of
    from cutaway.training.sign_descent import SignDescent as SignDescent
    from cutaway.training.signals import Interrupted as Interrupted

_HOMES = {
    "Callback": "cutaway.training.callbacks",
    "Checkpoints": "cutaway.training.checkpoints",
    "Interrupted": "cutaway.training.signals",
    "JSONLines": "cutaway.training.callbacks",
    "Metrics": "cutaway.training.callbacks",
    "Muon": "cutaway.training.muon",
    "Optimizer": "cutaway.training.optimizers",
    "Progress": "cutaway.training.checkpoints",
    "RateRange": "cutaway.training.rate_range",
    "Samples": "cutaway.training.callbacks",
    "SignDescent": "cutaway.training.sign_descent",
    "TensorBoard": "cutaway.training.callbacks",
    "Trainer": "cutaway.training.loop",
    "clip_gradients": "cutaway.training.clipping",
    "find_rate": "cutaway.training.rate_range",
    "freeze": "cutaway.training.freezing",
    "make_optimizer": "cutaway.training.optimizers",
    "rate": "cutaway.training.schedules",
    "schedule_of": "cutaway.training.schedules",
}

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = exports(__name__, _HOMES)
