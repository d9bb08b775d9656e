"""What to train where a user has named data, but not all of preset, task and fields."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.config.reading import load_preset, override, read_config
from cutaway.config.run import RunConfig
from cutaway.data.text import python_docs
from cutaway.data.text.sources import STANDARD_INPUT, open_source
from cutaway.errors import UserError
from cutaway.runs.guess import Guess, guess, kind_of, preset_for
from cutaway.runs.requirements import chosen_by_task, fits_body, needs_of
from cutaway.tasks.example_task import ExampleTask
from cutaway.tasks.task import task_of

PATH = "data.path="


@dataclass(frozen=True)
class Fitted:
    """What to train, so that it fits the data.

    Attributes:
        name: the preset or run file.
        assignments: choices that come before a user's own; but the path of a file in a folder replaces the folder's.
        note: what was seen and what follows, if anything was chosen by the data.
    """

    name: str
    assignments: tuple[str, ...] = ()
    note: str | None = None


def config_for(name: str | None, task: str | None, assignments: Sequence[str]) -> tuple[RunConfig, str | None]:
    """All choices of a new run, and a line that says what was chosen by the data, if anything was.

    Args:
        name: the preset or run file; None if it follows from the task or the data.
        task: the task, if it is not that of the preset.
        assignments: a user's choices.

    Raises:
        UserError: it is unclear what the data is for, or a choice is invalid.
    """
    fitted = fit_to_data(name, task, assignments, read_config)
    file = [one for one in fitted.assignments if one.startswith(PATH)]  # in the folder that the user named
    return override(read_config(fitted.name), [*fitted.assignments, *assignments, *file]), fitted.note


def fit_to_data(
    name: str | None, task: str | None, assignments: Sequence[str], read: Callable[[str], RunConfig]
) -> Fitted:
    """Chooses a preset, a task and fields that fit the data, where a user has not named them.

    Args:
        name: the preset or run file, if one is named.
        task: the task, if it is named.
        assignments: a user's choices, of which those of data are considered.
        read: reads the preset or run file.

    Raises:
        UserError: it is unclear what the data is for, or the preset cannot be trained on it; says what was seen, and
            what to write.
    """
    named = [one.partition("=")[2] for one in assignments if one.startswith(("task=", "task.kind="))]
    chosen = [one for one in assignments if one.startswith("data.")]
    data = override(RunConfig(), chosen).data
    has_data = any(one.startswith(PATH) for one in chosen)
    if name is None:
        return _without_name(task or next(iter(named), None), data if has_data else None)
    config = read(name)
    if task is not None:
        found = guess(data, task) if has_data else Guess(kind_of(task), name, (), "")
        own = {one.partition("=")[0] for one in assignments}
        fields = [one for one in found.assignments if one.startswith(PATH) or one.partition("=")[0] not in own]
        note = replace(found, preset=name).seen if fields else None
        return Fitted(name, (*chosen_by_task(task, config), *fields), note)
    if named or not has_data or config.preset is None or can_read(override(config, chosen)):
        return Fitted(name)
    try:
        found = guess(data)
    except UserError:
        return Fitted(name)  # what its task says of the data is clearer
    needs = needs_of(override(RunConfig(), [f"task={found.task}"]).task)
    if found.task != config.task.kind and not fits_body(needs, config):
        raise UserError(
            f"{name} is for {config.task.kind.replace('_', '-')}, but the data is not: {found.seen}; leave out {name}, "
            f"or choose the task with --task and the fields with data.field= and data.target="
        )
    changes = _changes(found, config)
    return Fitted(name, changes, replace(found, preset=name).seen if changes else None)


def _without_name(task: str | None, data: DataConfig | None) -> Fitted:
    if data is None and task is not None:
        kind = kind_of(task)
        found = Guess(kind, preset_for(kind), (), "no data named")
    else:
        found = guess(data or DataConfig(), task)
    return Fitted(found.preset, _changes(found, load_preset(found.preset)), found.seen)


def can_read(config: RunConfig) -> bool:
    """Whether the task of a run can read the beginning of its data; a pipe is not read, and can be."""
    path, task = Path(config.data.path).expanduser(), task_of(config)
    is_pipe = path.exists() and not path.is_dir() and not path.is_file()
    if is_pipe or config.data.path in (STANDARD_INPUT, python_docs.NAME):
        return True
    try:
        if isinstance(task, ExampleTask):
            return next(iter(task.read(path, config.data, Counter())), None) is not None
        with open_source(config.data) as source:
            return any(piece for document in islice(source.documents(), 1) for piece in islice(document, 1))
    except UserError:
        return False


def _changes(found: Guess, config: RunConfig) -> tuple[str, ...]:
    by_task = chosen_by_task(found.task, config) if found.task != config.task.kind else []
    return (*by_task, *found.assignments)
