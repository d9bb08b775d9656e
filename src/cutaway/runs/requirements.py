"""Which model a task needs, and which choices mean something to it."""

from functools import reduce
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.config.task import ModelNeeds, TaskConfig, task_record, trained_kinds
from cutaway.errors import UserError, nearest

OF_GRAPHS = "shortest_path"


def needs_of(task: TaskConfig) -> ModelNeeds:
    """The model that a task needs.

    Raises:
        UserError: it cannot be trained here.
    """
    if task.spec.needs is None:
        raise UserError(f"nothing is trained for {task.kind}: choose another task with --task")
    return task.spec.needs


def fits_body(needs: ModelNeeds, config: RunConfig) -> bool:
    """Whether a model could learn a task with these needs if it had another head."""
    position = config.model.position.kind
    return (
        config.model.architecture in needs.architectures
        and needs.reads == _read(config)
        and needs.position in (None, position)
        and (position != OF_GRAPHS or needs.position == OF_GRAPHS)
    )


def chosen_by_task(name: str, config: RunConfig) -> list[str]:
    """The assignments that make a run learn another task: the task, and the head, positions and input that it needs.

    A task without text also drops the tokenizer.

    Raises:
        UserError: there is no such task.
    """
    task = name.lower().replace("-", "_")
    try:
        spec, model = task_record(task).spec, config.model
    except KeyError:
        raise UserError(f"no task is called {name!r}; {nearest(task, trained_kinds())}") from None
    if (needed := spec.needs) is None:
        raise UserError(f"nothing is trained for {name}; {nearest(task, trained_kinds())}")
    kinds: dict[str, tuple[str, str | None]] = {
        "head": (model.head.kind, needed.head),
        "position": (model.position.kind, needed.position),
    }
    if model.architecture in needed.architectures:
        kinds[needed.embedding] = (_read(config), needed.reads)
    changes = [f"model.{key}={kind}" for key, (present, kind) in kinds.items() if kind not in (None, present)]
    drops_tokenizer = not spec.has_text and config.tokenizer != RunConfig().tokenizer
    return [f"task={task}", *changes, *([f"tokenizer={RunConfig().tokenizer.kind}"] if drops_tokenizer else [])]


def require_model(config: RunConfig) -> None:
    """Refuses a task that the model cannot learn.

    Raises:
        UserError: it has another architecture, another head, or other positions or embeddings; says how to choose them.
    """
    task, model = config.task.kind, config.model
    needed = needs_of(config.task)
    if model.architecture not in needed.architectures:
        raise UserError(
            f"the task {task} needs a model whose architecture is {' or '.join(needed.architectures)}, and this one "
            f"is {model.architecture}: write model.architecture={needed.architectures[0]}, or choose another preset"
        )
    if model.head.kind != needed.head:
        raise UserError(
            f"the task {task} needs a {needed.head} head, and model.head is {model.head.kind}: "
            f"write model.head={needed.head}"
        )
    if needed.reads != (read := _read(config)):
        raise UserError(
            f"the task {task} needs a model that reads {needed.reads}, and this one reads {read}: "
            f"write model.{needed.embedding}={needed.reads}"
        )
    position = model.position.kind
    if needed.position not in (None, position):
        raise UserError(
            f"the task {task} needs {needed.position} positions, and model.position is {position}: "
            f"write model.position={needed.position}"
        )
    if position == OF_GRAPHS != needed.position:
        raise UserError(f"{position} positions are of graphs, and the task {task} reads none: change model.position")


def require_choices(config: RunConfig) -> None:
    """Refuses choices that the task would not look at: none is ignored without a word.

    Raises:
        UserError: there is one; names it.
    """
    chosen, usual = config.model_dump(mode="json"), RunConfig().model_dump(mode="json")
    for key in config.task.spec.unread:
        if _at(chosen, key) != _at(usual, key):
            raise UserError(f"{key} means nothing to the task {config.task.kind}: leave it out")


def _read(config: RunConfig) -> str:
    """What the model reads: its source, if it has one of another kind."""
    return (config.model.source_embedding or config.model.embedding).kind


def _at(tree: dict[str, Any], key: str) -> Any:
    return reduce(lambda branch, name: branch[name], key.split("."), tree)
