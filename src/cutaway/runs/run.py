"""Starting a run folder, resuming one, and training in it."""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cutaway.config.reading import changed_keys, dump_run, load_run, override
from cutaway.config.run import RunConfig
from cutaway.data.example_store import EXAMPLES_FOLDER, manifest_path
from cutaway.data.text.corpus import MANIFEST_FILE
from cutaway.data.text.prepare import UNFINISHED_FILE
from cutaway.display import program
from cutaway.errors import UserError
from cutaway.files import make_folder, remove_folder, removing_new_folders, removing_on_failure, write_text
from cutaway.locks import FolderLock, lock_of
from cutaway.model.build import build
from cutaway.model.device import choose_device
from cutaway.model.digests import DIGESTS_FILE, Digests
from cutaway.model.formats import with_plain_weights
from cutaway.model.run_folder import RunFolder, read_weights, write_json, write_weights
from cutaway.model.transformer import Transformer
from cutaway.pipeline import Pipeline, load
from cutaway.runs.memory import explained_memory
from cutaway.runs.origin import require_origin, same_answers
from cutaway.runs.requirements import require_choices, require_model
from cutaway.runs.run_report import report_path
from cutaway.runs.transfer import Transferred, transfer_weights
from cutaway.runs.verification import recorded_files, require_unchanged
from cutaway.tasks.base import EqualBatches, SampleOrder
from cutaway.tasks.task import Dataset, Progress, task_of
from cutaway.training.callbacks import Callback
from cutaway.training.checkpoints import Checkpoints
from cutaway.training.checkpoints import Progress as TrainingProgress
from cutaway.training.loop import Trainer, is_over


@dataclass(frozen=True)
class Run:
    """A run that is ready to train: its folder holds everything, and is locked for this process until it is trained.

    Attributes:
        folder: its folder.
        config: all choices.
        dataset: the prepared data.
        model: the model in its current state.
        lock: the lock on its folder.
        progress: that of the checkpoint that the run is resumed from, if there is one.
        transferred: the weights that were copied from the model to fine-tune, if the run has just been started.
    """

    folder: RunFolder
    config: RunConfig
    dataset: Dataset
    model: Transformer
    lock: FolderLock
    progress: TrainingProgress | None = None
    transferred: Transferred | None = None

    @property
    def pipeline(self) -> Pipeline:
        """The model in its current state, for inference."""
        tokenizers = self.dataset.tokenizers
        return Pipeline(self.model, tokenizers.tokenizer, self.config, tokenizers.source_tokenizer)

    @property
    def is_finished(self) -> bool:
        """Whether the checkpoint that the run is resumed from is its last one."""
        return self.progress is not None and is_over(self.progress, self.config.train)

    def trainer(self, callbacks: Sequence[Callback] = ()) -> Trainer:
        """The trainer, which continues from the latest checkpoint."""
        return Trainer(self.model, self.dataset.training_data(), self.config.train, self.folder, callbacks)

    def train(self, callbacks: Sequence[Callback] = ()) -> TrainingProgress:
        """Trains the model to the last step, and unlocks the folder.

        Raises:
            UserError: the folder is in use.
            Interrupted: a signal arrived; everything is saved.
            JobError: training failed; the last checkpoint is intact.
        """
        with self.lock.in_use(), explained_memory(self.config):
            return self.trainer(callbacks).run(None if self.progress is None else self.progress.samples)


def free_folder(name: str) -> Path:
    """The first of runs/NAME, runs/NAME-2 and so on that does not exist."""
    number = 1
    while (folder := Path("runs") / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder


def start(
    config: RunConfig,
    out: Path,
    progress: Progress = lambda done, total: None,
    origin: Pipeline | None = None,
) -> Run:
    """Makes a run folder: reads the data, trains tokenizers, tokenizes, and builds the model.

    If the process is killed, the next call with the same folder continues. After an error there is no folder, unless
    there was one before.

    Args:
        config: all choices; for fine-tuning, those of `cutaway.runs.origin.going_on`.
        out: the folder.
        progress: called with the amount of data that has been read.
        origin: the model that `config.origin` names, if it is loaded already.

    Raises:
        UserError: the folder holds a run already or other files, or is in use, the model cannot be trained for the
            task, or the data or a choice is unusable.
    """
    folder = RunFolder(out)
    _require_free(folder)
    choose_device(config.train.device)
    require_model(config)
    require_choices(config)
    if config.origin is not None:
        origin = origin or load(config.origin, "cpu")
        require_origin(config, config.origin, origin)
    with _begun(folder) as lock:
        write_text(folder.unfinished, "")  # a killed start is recognized by it
        dataset = task_of(config).prepare(out, progress, None if origin is None else origin.tokenizers)
        run = _assemble(folder, dataset, lock)
        if origin is not None:
            run = _with_weights_of(run, origin)
        with explained_memory(run.config):
            run.trainer()  # fails on too little data before the folder becomes a run
        write_json(folder.config, {"model_type": "cutaway", **run.config.model.model_dump(mode="json")})
        Digests(out).replace_all(recorded_files(folder))
        _write_choices(run)
    return run


def resume(out: Path, assignments: Sequence[str] = ()) -> Run:
    """Resumes a run from its latest checkpoint.

    Raises:
        UserError: the folder holds no run or is in use, one of its files is missing or damaged, or a key other than
            `train.*` is to be changed.
        JobError: the folder cannot be written.
    """
    folder = RunFolder(out)
    folder.require()
    before = load_run(folder.run)
    config = _changed(before, assignments, out)
    lock = lock_of(out)
    lock.acquire()
    try:
        _require_state(folder)
        _remove_temporaries(folder)
        if before.task.spec.has_text:
            folder.require(folder.tokenizer)
        dataset = task_of(config).open(out)
        progress = Checkpoints(folder.checkpoints, config.train.keep).progress()
        if progress is not None and progress.samples is None:
            opened = dataset if config == before else task_of(before).open(out)
            progress.samples = _order(opened).samples_before(progress.step)
        if progress is not None and progress.step >= config.train.log_every and not folder.metrics.exists():
            warnings.warn(
                f"{folder.metrics} is missing: its rows before step {progress.step + 1} are lost", stacklevel=2
            )
        run = _assemble(folder, dataset, lock, progress)
        require_unchanged(folder)
        if assignments and not run.is_finished:
            _write_choices(run)
        if config.origin is not None:
            read_weights(folder.weights, run.model)  # the initial weights, if there is no checkpoint yet
    except BaseException:
        lock.release()
        raise
    return run


def _changed(config: RunConfig, assignments: Sequence[str], out: Path) -> RunConfig:
    """The choices with which a run is resumed.

    Raises:
        UserError: one of them cannot be changed any more.
    """
    for key, assignment in zip(changed_keys(config, assignments), assignments, strict=True):
        if not key.startswith("train."):
            raise UserError(f"{assignment!r} cannot be changed in a run that has started: only train.* can")
    changed = override(config, assignments)
    if changed.train.optimizer.kind != config.train.optimizer.kind:
        raise UserError("the kind of train.optimizer cannot be changed in a run that has started: start another run")
    if changed.train.frozen != config.train.frozen:
        raise UserError(
            f"train.frozen cannot be changed in a run that has started: start another run with --from {out}"
        )
    return changed


def _require_state(folder: RunFolder) -> None:
    """Refuses to train a run from the start because what it learned is missing.

    Raises:
        UserError: there is no checkpoint, but the run is not one that has just been made; or its best weights are
            missing.
    """
    if folder.unfinished.exists() and not folder.latest.exists():
        return
    missing = next((path for path in (folder.checkpoints, folder.latest, folder.weights) if not path.exists()), None)
    if missing is not None:
        raise UserError(
            f"the run folder {folder.path} lacks {missing.relative_to(folder.path)}, without which training would "
            f"start again and overwrite what was learned: copy it back, or start a new run with "
            f"{program()} train {folder.run} --out NEW"
        )


def _require_free(folder: RunFolder) -> None:
    """Keeps the files of a run apart from others.

    Raises:
        UserError: the folder holds a run, what a run has written, or other visible files, but no unfinished run.
    """
    out = folder.path
    if folder.run.exists():
        raise UserError(f"{out} holds a run already: resume it with --resume {out}, or choose another folder")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: choose another folder")
    for path in (folder.checkpoints, folder.metrics, folder.samples):
        if path.exists():
            raise UserError(
                f"{out} holds {path.name} of a run, but no {folder.run.name}: copy it back, or choose another folder"
            )
    if out.is_dir() and not (_is_prepared(out) or folder.unfinished.exists()):
        own = {path.name for path in _temporaries(folder)}
        foreign = sorted(path.name for path in out.iterdir() if not path.name.startswith(".") and path.name not in own)
        if foreign:
            raise UserError(f"{out} has other files, such as {foreign[0]}: choose a new folder, like {out / 'run'}")


@contextmanager
def _begun(folder: RunFolder) -> Iterator[FolderLock]:
    """Makes and locks the folder. After an error, removes what was made: files, the folder, and those above it.

    What an earlier start prepared is kept, and so is what was prepared before Ctrl-C: the next start continues.
    """
    out = folder.path
    lock = lock_of(out)
    with removing_new_folders(out):
        make_folder(out)
        lock.acquire()
        try:
            _require_free(folder)  # again, now that nobody else can write
            _remove_temporaries(folder)
            was_prepared = _is_prepared(out)
            with removing_on_failure(
                out, lambda error: was_prepared or (not isinstance(error, Exception) and _is_prepared(out))
            ):
                yield lock
        except BaseException:
            lock.release()
            raise


def _temporaries(folder: RunFolder) -> list[Path]:
    """What a kill may leave of a file or folder that was being written."""
    names = [
        path.name for path in (folder.run, folder.config, folder.weights, folder.tokenizer, folder.source_tokenizer)
    ]
    names += [folder.metrics.name, folder.samples.name, folder.unfinished.name, report_path(folder).name, DIGESTS_FILE]
    names += [MANIFEST_FILE, UNFINISHED_FILE, EXAMPLES_FOLDER]
    endings = (".tmp", ".old.tmp", ".tmp.tmp")
    return [path for name in names for ending in endings if (path := folder.path / (name + ending)).exists()]


def _remove_temporaries(folder: RunFolder) -> None:
    for path in _temporaries(folder):
        remove_folder(path)


def _is_prepared(out: Path) -> bool:
    """Whether data was prepared here, at least in part."""
    return any(path.exists() for path in (out / MANIFEST_FILE, out / UNFINISHED_FILE, manifest_path(out)))


def _assemble(folder: RunFolder, dataset: Dataset, lock: FolderLock, progress: TrainingProgress | None = None) -> Run:
    config = _with_steps(dataset, progress)
    with explained_memory(config):
        model = build(config.model, seed=config.train.seed).to(choose_device(config.train.device))
    return Run(folder, config, dataset, model, lock, progress)


def _with_steps(dataset: Dataset, progress: TrainingProgress | None) -> RunConfig:
    """Computes the steps of a run whose length is given in epochs: those done, and those that are left.

    Raises:
        UserError: its data is endless.
    """
    config = dataset.config
    if config.train.epochs is None:
        return config
    if dataset.epoch is None:
        raise UserError("endless data has no epochs: give train.steps instead of train.epochs")
    steps = math.ceil(config.train.epochs * dataset.epoch)
    if progress is not None and progress.samples is not None:  # the batch size may have been changed
        steps = progress.step + max(0, steps - _order(dataset).index_at(progress.samples))
    return config.model_copy(update={"train": config.train.model_copy(update={"steps": steps})})


def _order(dataset: Dataset) -> SampleOrder:
    return dataset.training_data().order or EqualBatches(dataset.config.train.batch_size)


def _write_choices(run: Run) -> None:
    with Digests(run.folder.path).replacing(run.folder.run) as temporary:
        temporary.write_text(dump_run(run.config), encoding="utf-8", newline="\n")


def _with_weights_of(run: Run, origin: Pipeline) -> Run:
    """Copies the weights of a model into a run, and writes them: the run can then be resumed without that model."""
    same = same_answers(origin.config, run.config)
    transferred = transfer_weights(with_plain_weights(origin.model), run.model, same_answers=same)
    write_weights(run.folder.weights, run.model)
    return replace(run, transferred=transferred)
