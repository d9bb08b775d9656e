"""Training a run to its end: what is logged, sampled and reported beside the training itself."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutaway.display import html_table, program
from cutaway.errors import JobError, UserError, counted
from cutaway.model.device import keep_freed_memory
from cutaway.pipeline import Pipeline, load
from cutaway.runs.run import Run
from cutaway.runs.run_report import report_path, write_run_report
from cutaway.training.callbacks import Callback, Metrics, Samples, TensorBoard, read_metrics, read_samples
from cutaway.training.checkpoints import Progress


@dataclass(frozen=True)
class TrainedRun:
    """A run that has been trained; its folder holds everything.

    Attributes:
        path: its folder.
        steps: completed optimizer steps.
        tokens: targets trained on.
        seconds: spent in training, without evaluations.
        best: the best validation figure, if something was held out, at step `best_step`.
        best_step: the step whose weights are loaded.
        criterion: the name of that figure: `loss`, `accuracy` or another that the task has.
        report: the page with its curves and a look inside, for models that write text.
        without_report: why there is none, if it could not be written.
    """

    path: Path
    steps: int
    tokens: int
    seconds: float
    best: float | None
    best_step: int
    criterion: str
    report: Path | None = None
    without_report: str | None = None

    def load(self, device: str = "auto") -> Pipeline:
        """The model with its best weights."""
        return load(self.path, device)

    def __repr__(self) -> str:
        best = "" if self.best is None else f", validation {self.criterion} {self.best:.4g} at step {self.best_step:,}"
        return f"TrainedRun({str(self.path)!r}, {counted(self.steps, 'step')}{best})"

    def _repr_html_(self) -> str:
        figures = {"steps": self.steps, "tokens": self.tokens, "minutes of training": self.seconds / 60}
        if self.best is not None:
            figures |= {f"validation {self.criterion}": self.best, "at step": self.best_step}
        return html_table(["", str(self.path)], list(figures.items()))


def train_run(
    run: Run,
    callbacks: Sequence[Callback] = (),
    show_sample: Callable[[int, str], None] = lambda step, text: None,
) -> TrainedRun:
    """Trains a run to its last step, and writes its figures, its samples and its report.

    A run that is finished already is not trained, and its report is left as it is.

    Args:
        run: what `start` or `resume` of `cutaway.runs.run` returned.
        callbacks: further ones, such as a progress bar.
        show_sample: called with the step and the text of each sample.

    Raises:
        Interrupted: a signal arrived; everything is saved.
        JobError: the loss is not finite, or the disk is full; the last checkpoint is intact.
    """
    c = run.config.train
    writes = "generate" in run.config.task.verbs
    every: list[Callback] = [Metrics(run.folder.metrics), *callbacks]
    if writes and c.sample_every is not None:
        every.append(Samples(run.folder.samples, c.sample_every, lambda: write_sample(run), show_sample))
    if c.tensorboard:
        every.append(TensorBoard(run.folder.path / "tensorboard"))
    keep_freed_memory()
    progress = _checked(run) if run.is_finished else run.train(every)
    report, why = _try_report(run) if writes else (None, None)
    return TrainedRun(
        run.folder.path,
        progress.step,
        progress.tokens,
        progress.seconds,
        progress.best,
        progress.best_step,
        c.best,
        report,
        why,
    )


def _checked(run: Run) -> Progress:
    """Loads the last checkpoint of a finished run, and reads its logs: damage is not reported as success."""
    with run.lock.in_use():
        for read, path in ((read_metrics, run.folder.metrics), (read_samples, run.folder.samples)):
            if path.exists():
                read(path)
        return run.trainer().load() or Progress()


def how_to_go_on(run: Run) -> str:
    """Says that a run is finished, and which choice makes it longer."""
    c, progress = run.config.train, run.progress
    done = 0 if progress is None else progress.step
    if done < c.steps and progress is not None:
        why = f"stopped early: {counted(progress.waited, 'evaluation')} without improvement"
        longer = "train.patience=none"
    elif c.epochs is not None:
        why, longer = f"is finished: {counted(c.epochs, 'epoch')}", f"train.epochs={2 * c.epochs:g}"
    else:
        why, longer = "is finished", f"train.steps={2 * done}"
    path = run.folder.path
    command = f"{program()} train --resume {shlex.quote(str(path))} {longer}"
    return f"{path} {why}, {counted(done, 'step')}; go on with: {command}"


def write_sample(run: Run) -> str:
    """Generates a sample, deterministically, and leaves the model in training mode."""
    c = run.config.train
    was_training = run.model.training
    text = run.pipeline.generate(
        c.sample_prompt, c.sample_tokens, context_overflow="slide", temperature=0.8, seed=c.seed
    )
    run.model.train(was_training)
    return c.sample_prompt + text


def _try_report(run: Run) -> tuple[Path | None, str | None]:
    """The report, or why it could not be written: training has succeeded. One of a finished run is not rewritten."""
    report = report_path(run.folder)
    if run.is_finished and report.exists() and report.stat().st_mtime >= run.folder.latest.stat().st_mtime:
        return report, None
    try:
        return write_run_report(run.folder), None
    except (UserError, JobError) as error:
        return None, str(error)
