"""The training loop: it knows an objective and batches by number, not what they mean."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor, nn

from cutaway.config.train import TrainConfig
from cutaway.display import program
from cutaway.errors import JobError, UserError
from cutaway.files import remove_file
from cutaway.model.device import autocast, choose_precision
from cutaway.model.digests import Digests
from cutaway.model.formats import format_of
from cutaway.model.run_folder import RunFolder, write_weights
from cutaway.tasks.base import Batch, EqualBatches, TrainingData, evaluate
from cutaway.training.callbacks import Callback
from cutaway.training.checkpoints import Checkpoints, Progress
from cutaway.training.clipping import clip_gradients
from cutaway.training.compiling import compiled
from cutaway.training.diagnosis import explain_non_finite, non_finite_weights
from cutaway.training.freezing import freeze
from cutaway.training.optimizers import Optimizer, make_optimizer
from cutaway.training.schedules import rate
from cutaway.training.signals import Interrupted, Stopper


class Trainer:
    """Trains a model until the last step, an early stop, or a signal.

    Everything is a pure function of the config and the step, so a run that is killed and resumed ends with the same
    weights and figures as one that is not, bit for bit on a CPU.
    """

    def __init__(
        self,
        model: nn.Module,
        data: TrainingData,
        config: TrainConfig,
        folder: RunFolder,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        if (form := format_of(model)) is not None:
            raise UserError(f"a model with {form} weights cannot be trained: load it without dtype and quantize")
        self._model = model
        self._data = data
        self._config = config
        self._folder = folder
        self._callbacks = callbacks
        self._device = next(model.parameters()).device
        self._precision = choose_precision(config.precision, self._device)
        self._call: nn.Module = compiled(model) if config.compile else model
        self._is_compiling = self._call is not model  # until the first step is done
        freeze(model, config.frozen)
        self._optimizer: Optimizer = make_optimizer(config.optimizer, model)
        self._checkpoints = Checkpoints(folder.checkpoints, config.keep)
        self._order = data.order or EqualBatches(config.batch_size)
        self._ahead = 0  # the number of the next batch less that of the step: not 0 once the batch size was changed

    def run(self, samples: int | None = None) -> Progress:
        """Trains from the latest checkpoint, or from the start.

        Args:
            samples: those seen before, for a checkpoint of an earlier version, which does not say how many.

        Raises:
            Interrupted: a signal arrived; everything is saved.
            JobError: the loss or the gradient is not finite, or the disk is full; the last checkpoint is intact.
        """
        progress = self.load()
        if progress is None:
            progress = Progress(samples=0)
            self._write_weights()
            self._save(progress)
        remove_file(self._folder.unfinished)
        if progress.samples is None:
            progress.samples = self._order.samples_before(progress.step) if samples is None else samples
        self._find_place(progress, progress.samples)
        with ExitStack() as started:  # callbacks that have started also finish, whatever fails
            for callback in self._callbacks:
                callback.start(progress)
                started.push(partial(_finish, callback, progress))
            self._train(progress)
        return progress

    def load(self) -> Progress | None:
        """Loads the latest checkpoint and returns its progress; None if there is none.

        Raises:
            UserError: it is damaged or belongs to another model.
        """
        return self._checkpoints.load(self._model, self._optimizer)

    def _find_place(self, progress: Progress, samples: int) -> None:
        """Goes on with the samples that come next, even if the batches had another size before."""
        index = self._order.index_at(samples)
        progress.samples = self._order.samples_before(index)
        self._ahead = index - progress.step

    def _train(self, progress: Progress) -> None:
        self._model.train()
        with Stopper(self._stopping) as stopper:
            while stopper.signal is None and not self._is_over(progress):
                self._advance(progress)
            self._save(progress)
        if stopper.signal is not None:
            command = f"{program()} train --resume {self._folder.path}"
            raise Interrupted(f"stopped and saved at step {progress.step}; go on with: {command}", 128 + stopper.signal)

    def _stopping(self) -> None:
        for callback in self._callbacks:
            callback.stopping()

    def _advance(self, progress: Progress) -> None:
        """One step, then whatever is due after it."""
        c = self._config
        share = rate(c.schedule, progress.step, c.steps)
        began = time.perf_counter()
        loss, norm, tokens = self.step(progress.step, share)
        spent = time.perf_counter() - began
        if self._is_compiling:
            self._is_compiling = False
            for callback in self._callbacks:
                callback.compiled(spent)
        progress.step += 1
        progress.samples = self._order.samples_before(progress.step + self._ahead)
        progress.tokens += tokens
        progress.seconds += spent
        progress.window_loss += loss
        progress.window_steps += 1
        is_last = progress.step == c.steps
        if progress.step % c.log_every == 0 or is_last:
            self._log(progress, {"learning_rate_share": share, "gradient_norm": norm}, tokens / spent)
        if progress.step % c.evaluate_every == 0 or is_last:
            self._evaluate(progress)
        for callback in self._callbacks:
            callback.step(progress)
        if progress.step % c.save_every == 0:
            self._save(progress)

    def step(self, step: int, share: float) -> tuple[float, float, int]:
        """Trains on one batch; returns the mean loss, the gradient norm before clipping, and the number of targets.

        The gradient is that of the mean over all targets of the batch, independent of gradient accumulation.
        """
        batch = self._data.objective.collate(self._data.training[step + self._ahead], self._device)
        total, count = self._accumulate(self._call, step, batch)
        mean = total / max(1, count)
        norm = clip_gradients(self._model.parameters(), self._config.gradient_clip or None, count=max(1, count))
        if not (math.isfinite(mean) and math.isfinite(norm)):
            self._give_up(
                f"loss {mean} and gradient norm {norm} at step {step + 1}",
                lambda: self._accumulate(self._model, step, batch),
            )
        self._optimizer.set_rate(share)
        self._optimizer.step()
        self._optimizer.zero_grad()
        return mean, norm, count

    def _accumulate(self, model: nn.Module, step: int, batch: Batch) -> tuple[float, int]:
        """Accumulates the gradient of the summed loss over micro-batches; returns the sum and the number of targets."""
        torch.manual_seed(seed_of_step(self._config.seed, step))  # for dropout: resuming needs no random state
        total = count = torch.zeros((), device=self._device)
        for part in split(batch, self._config.gradient_accumulation):
            with autocast(self._device, self._precision):
                loss, targets = self._data.objective.loss(model, part)
            loss.backward()
            total, count = total + loss.detach(), count + targets
        return total.item(), int(count.item())

    def _give_up(self, what: str, again: Callable[[], object]) -> NoReturn:
        cause = explain_non_finite(self._model, again)
        raise JobError(f"{what}: {cause}; the last checkpoint is intact, try a lower learning rate or gradient_clip")

    def _log(self, progress: Progress, figures: dict[str, float], speed: float) -> None:
        loss = progress.window_loss / progress.window_steps
        progress.window_loss, progress.window_steps = 0.0, 0
        for callback in self._callbacks:
            callback.log(progress, {"loss": loss, **figures, "tokens_per_second": speed, "seconds": progress.seconds})

    def _evaluate(self, progress: Progress) -> None:
        """Evaluates the validation split and keeps the best weights so far; without a split, the last weights."""
        if self._data.validation is None:
            self._write_weights()
            return
        c = self._config
        read = partial(
            evaluate, self._model, self._data.objective, self._data.validation, self._precision, c.evaluate_batches
        )
        figures = read()
        loss = figures["loss"]
        if not math.isfinite(loss):
            self._give_up(f"validation loss {loss} after step {progress.step}", read)
        progress.waited += 1
        figure = figures[c.best]
        if progress.best is None or self._is_better(figure, progress.best):
            progress.best, progress.best_step, progress.waited = figure, progress.step, 0
            self._write_weights()
        for callback in self._callbacks:
            callback.evaluate(progress, figures)

    def _write_weights(self) -> None:
        write_weights(self._folder.weights, self._model, Digests(self._folder.path).replacing)

    def _is_better(self, figure: float, before: float) -> bool:
        return figure < before if self._config.best == "loss" else figure > before

    def _is_over(self, progress: Progress) -> bool:
        return is_over(progress, self._config)

    def _save(self, progress: Progress) -> None:
        """Saves, unless the last update made weights non-finite, which the next loss would show too late."""
        if non_finite_weights(self._model):
            self._give_up(f"weights not finite after step {progress.step}", lambda: None)
        for callback in self._callbacks:
            callback.saving(progress)
        self._checkpoints.save(self._model, self._optimizer, progress)


def _finish(
    callback: Callback,
    progress: Progress,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
) -> None:
    """Finishes a callback; after an error, that one is reported, and not what follows from it."""
    try:
        callback.finish(progress)
    except Exception:
        if error is None:
            raise


def is_over(progress: Progress, config: TrainConfig) -> bool:
    """Whether the last step is done, or training stopped early."""
    return progress.step >= config.steps or (config.patience is not None and progress.waited >= config.patience)


def seed_of_step(seed: int, step: int) -> int:
    """Hashes both into 32 bits, all that torch's CPU generator uses."""
    return int(np.random.SeedSequence((seed, step)).generate_state(1)[0])


def split(batch: Batch, parts: int) -> list[Batch]:
    """Splits a batch along its examples into micro-batches of nearly equal size; fewer if it has fewer examples."""
    chunks: dict[str, tuple[Tensor, ...]] = {name: tensor.chunk(parts) for name, tensor in batch.items()}
    return [{name: pieces[i] for name, pieces in chunks.items()} for i in range(min(map(len, chunks.values())))]
