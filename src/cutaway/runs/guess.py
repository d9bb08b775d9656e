"""What data is for: a task that learns from what the readers recognise, and a preset that fits."""

from dataclasses import dataclass

from cutaway.config.data import DataConfig
from cutaway.config.reading import load_preset, override, presets
from cutaway.config.run import RunConfig
from cutaway.config.task import task_record, trained_kinds
from cutaway.data.recognise import recognise
from cutaway.data.seen import Seen
from cutaway.errors import UserError
from cutaway.runs.requirements import chosen_by_task, fits_body, needs_of


@dataclass(frozen=True)
class Guess:
    """What data is for.

    Attributes:
        task: the kind of the task.
        preset: a preset for it.
        assignments: the fields and other choices that the data needs, as `override` takes them.
        data: what was seen, in words.
    """

    task: str
    preset: str
    assignments: tuple[str, ...]
    data: str

    @property
    def seen(self) -> str:
        """What was seen and what follows, in one line."""
        return f"{self.data} -> {self.task.replace('_', '-')} with {self.preset}"


def guess(data: DataConfig, task: str | None = None) -> Guess:
    """What the data of a run is for.

    Args:
        data: the path, and perhaps fields, of the data; only its beginning is read.
        task: the task, if it is known: then only the preset and the fields are guessed.

    Raises:
        UserError: it is unclear; says what was seen, and what to write.
    """
    try:
        seen = recognise(data)
    except UserError:
        if task is None:
            raise
        seen = Seen((), data.path)
    if task is None:
        return _guess(seen, _task_for(seen))
    likely = load_preset(preset_for(_task_for(seen))) if seen.kinds else None
    return _guess(seen, kind_of(task, likely))


def kind_of(task: str, config: RunConfig | None = None) -> str:
    """The kind of a task by any of its names, which may depend on what a model reads.

    Raises:
        UserError: there is none, or it cannot be trained.
    """
    return chosen_by_task(task, config or RunConfig())[0].partition("=")[2]


def preset_for(kind: str) -> str:
    """A preset for a kind of task: the one that it names first, or a small one whose model fits.

    Raises:
        UserError: there is none.
    """
    spec = task_record(kind).spec
    if spec.presets:
        return next(iter(spec.presets.values()))
    needs = needs_of(override(RunConfig(), [f"task={kind}"]).task)
    for name in presets():
        if name.endswith("-nano") and fits_body(needs, load_preset(name)):
            return name
    raise UserError(f"no preset fits the task {kind}: name a run file with a model that it needs")


def _task_for(seen: Seen) -> str:
    """The first task that learns from the likeliest kind of data."""
    return next(task for task in trained_kinds() if seen.kinds[0] in task_record(task).spec.presets)


def _guess(seen: Seen, task: str) -> Guess:
    """What follows for a task: all choices for the likeliest kind of data, and for another only the fields."""
    record = task_record(task)
    kind = next((kind for kind in seen.kinds if kind in record.spec.presets), None)
    if kind is None:
        return Guess(task, preset_for(task), (), seen.words)
    kept = ("data.field=",) if kind == "text" else ("data.",)
    own = tuple(f"task.{key}=" for key in record.model_fields) if kind == seen.kinds[0] else ()
    choices = tuple(one for one in seen.choices if one.startswith((*kept, *own)))
    return Guess(task, record.spec.presets[kind], choices, seen.words)
