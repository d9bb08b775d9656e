"""Making a run folder, taking one up, and training in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cutaway.config.reading import dump_run, load_run, override
from cutaway.config.run import RunConfig
from cutaway.config.task import WITHOUT_TEXT
from cutaway.disk import write_text
from cutaway.errors import UserError
from cutaway.model.build import build
from cutaway.model.device import choose_device
from cutaway.model.files import RunFolder, write_json
from cutaway.model.transformer import Transformer
from cutaway.pipeline import Pipeline
from cutaway.runs.course import Course, Progress
from cutaway.runs.courses import PREPARATIONS
from cutaway.runs.requirements import require_choices, require_model
from cutaway.train.callbacks import Callback
from cutaway.train.checkpoints import Progress as TrainingProgress
from cutaway.train.loop import Trainer


@dataclass(frozen=True)
class Run:
    """A run that is ready to train: everything is in its folder."""

    folder: RunFolder
    course: Course
    model: Transformer

    @property
    def config(self) -> RunConfig:
        """All choices."""
        return self.course.config

    @property
    def pipeline(self) -> Pipeline:
        """The model as it is at this moment of training, to be talked to."""
        return Pipeline(self.model, self.course.tokenizer, self.config, self.course.source_tokenizer)

    def trainer(self, callbacks: Sequence[Callback] = ()) -> Trainer:
        """What trains it, from its latest checkpoint on."""
        return Trainer(self.model, self.course.lesson(), self.config.train, self.folder, callbacks)

    def train(self, callbacks: Sequence[Callback] = ()) -> TrainingProgress:
        """Trains it to its last step."""
        return self.trainer(callbacks).run()


def start(config: RunConfig, out: Path, progress: Progress = lambda done, total: None) -> Run:
    """Makes a run folder: reads the data, makes tokenizers and tokens, builds the model.

    Killed at any instant and called again, it goes on.

    Raises:
        UserError: the folder holds a run already, the model cannot learn the task, or the data or a choice is useless.
    """
    folder = RunFolder(out)
    if folder.run.exists():
        raise UserError(f"{out} holds a run already: resume it with --resume {out}, or choose another folder")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: choose another folder")
    choose_device(config.train.device)
    require_model(config)
    require_choices(config)
    course = PREPARATIONS[config.task.kind].prepare(config, out, progress)
    run = _assemble(folder, course)
    run.trainer()  # finds out that there is too little data before anything says that this is a run
    write_json(folder.config, {"model_type": "cutaway", **run.config.model.model_dump(mode="json")})
    write_text(folder.run, dump_run(run.config))
    return run


def resume(out: Path, assignments: Sequence[str] = ()) -> Run:
    """Takes up a run where its latest checkpoint is.

    Raises:
        UserError: there is no run there, a file of it is missing or damaged, or something other than `train.*` is
            to be changed.
    """
    folder = RunFolder(out)
    folder.require()
    for assignment in assignments:
        if not assignment.startswith("train."):
            raise UserError(f"{assignment!r} cannot change in a run that has begun: only train.* can")
    before = load_run(folder.run)
    if before.task.kind not in WITHOUT_TEXT:
        folder.require(folder.tokenizer)
    config = override(before, assignments)
    if config.train.optimizer.kind != before.train.optimizer.kind:
        raise UserError("train.optimizer cannot change its kind in a run that has begun: start another run")
    if assignments:
        write_text(folder.run, dump_run(config))
    return _assemble(folder, PREPARATIONS[config.task.kind].open(config, out))


def _assemble(folder: RunFolder, course: Course) -> Run:
    config = course.config
    model = build(config.model, seed=config.train.seed)
    return Run(folder, course, model.to(choose_device(config.train.device)))
