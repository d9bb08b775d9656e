"""Which verbs a model has."""

from typing import TypeVar

from cutaway.config.base import Record
from cutaway.config.run import RunConfig
from cutaway.errors import UserError

AnyTask = TypeVar("AnyTask", bound=Record)


def require(verb: str, config: RunConfig) -> None:
    """Refuses what a model was not trained for.

    Raises:
        UserError: it has no such verb; names those that it has.
    """
    task_for(verb, config, Record)


def task_for(verb: str, config: RunConfig, kind: type[AnyTask]) -> AnyTask:
    """The task of a model that has this verb, which only tasks of this kind have.

    Raises:
        UserError: it has no such verb; names those that it has.
    """
    task = config.task
    if verb not in task.verbs or not isinstance(task, kind):
        can = ", ".join(task.verbs)
        raise UserError(f"this model cannot {verb}: it was trained for {task.kind}, and can {can}")
    return task
