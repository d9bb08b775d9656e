"""The model that a task needs, and the choices that it reads."""

from functools import reduce
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.config.task import ModelNeeds, TaskConfig, named_task, trained_kinds
from cutaway.errors import UserError, nearest

OF_GRAPHS = "shortest_path"
CLASSIFIERS = {"encoder": ("pooling=cls", "hidden=true"), "decoder": ("pooling=last", "bias=false")}
"""The choices of a new head that classifies texts, by architecture."""


def needs_of(task: TaskConfig) -> ModelNeeds:
    """The model that a task needs.

    Raises:
        UserError: the task cannot be trained here.
    """
    if task.spec.needs is None:
        raise UserError(f"the task {task.kind} cannot be trained here: choose another with --task")
    return task.spec.needs


def fits_body(needs: ModelNeeds, config: RunConfig) -> bool:
    """Whether a model could be trained for a task with these needs if it had another head."""
    position = config.model.position.kind
    return (
        config.model.architecture in needs.architectures
        and needs.reads == _read(config)
        and needs.position in (None, position)
        and (position != OF_GRAPHS or needs.position == OF_GRAPHS)
    )


def chosen_by_task(name: str, config: RunConfig) -> list[str]:
    """The assignments that change a run's task: the task itself, and the head, positions and inputs that it needs.

    For a task without text, the tokenizer is reset too. A new head that classifies texts with an encoder is that of
    BERT (Devlin et al. 2019), with a decoder that of GPT-2 in `transformers`: formats of other libraries hold no other.

    Raises:
        UserError: there is no such task.
    """
    model, spelled = config.model, name.lower().replace("-", "_")
    try:
        task, record = named_task(name, _read(config), model.position.kind)
    except KeyError:
        raise UserError(f"no task is called {name!r}; {nearest(spelled, trained_kinds())}") from None
    spec = record.spec
    if (needed := spec.needs) is None:
        raise UserError(f"the task {name} cannot be trained here; {nearest(spelled, trained_kinds())}")
    kinds: dict[str, tuple[str, str | None]] = {
        "head": (model.head.kind, needed.head),
        "position": (model.position.kind, needed.position),
    }
    if model.architecture in needed.architectures:
        kinds[needed.embedding] = (_read(config), needed.reads)
    changes = [f"model.{key}={kind}" for key, (present, kind) in kinds.items() if kind not in (None, present)]
    if needed.head == "sequence" != model.head.kind and needed.reads == "tokens" and needed.position is None:
        changes += [f"model.head.{choice}" for choice in CLASSIFIERS.get(model.architecture, ())]
    drops_tokenizer = not spec.has_text and config.tokenizer != RunConfig().tokenizer
    return [f"task={task}", *changes, *([f"tokenizer={RunConfig().tokenizer.kind}"] if drops_tokenizer else [])]


def require_model(config: RunConfig) -> None:
    """Rejects a task that the model cannot be trained for.

    Raises:
        UserError: the architecture, the head, the positions or the embedding are others; says which to choose.
    """
    task, model = config.task.kind, config.model
    needed = needs_of(config.task)
    if model.architecture not in needed.architectures:
        raise UserError(
            f"the task {task} needs a model whose architecture is {' or '.join(needed.architectures)}, but this one "
            f"is {model.architecture}: write model.architecture={needed.architectures[0]}, or choose another preset"
        )
    if model.head.kind != needed.head:
        raise UserError(
            f"the task {task} needs a {needed.head} head, but model.head is {model.head.kind}: "
            f"write model.head={needed.head}"
        )
    if needed.reads != (read := _read(config)):
        raise UserError(
            f"the task {task} needs a model that reads {needed.reads}, but this one reads {read}: "
            f"write model.{needed.embedding}={needed.reads}"
        )
    position = model.position.kind
    if needed.position not in (None, position):
        raise UserError(
            f"the task {task} needs {needed.position} positions, but model.position is {position}: "
            f"write model.position={needed.position}"
        )
    if position == OF_GRAPHS != needed.position:
        raise UserError(f"{position} positions are for graphs, but the task {task} reads none: change model.position")


def require_choices(config: RunConfig) -> None:
    """Rejects choices that the task does not read: none is ignored silently.

    Raises:
        UserError: names the first such choice.
    """
    chosen, usual = config.model_dump(mode="json"), RunConfig().model_dump(mode="json")
    for key in config.task.spec.unread:
        if _at(chosen, key) != _at(usual, key):
            raise UserError(f"{key} has no effect in the task {config.task.kind}: remove it")


def _read(config: RunConfig) -> str:
    """The kind of the model's input embedding, or of its source's."""
    return (config.model.source_embedding or config.model.embedding).kind


def _at(tree: dict[str, Any], key: str) -> Any:
    return reduce(lambda branch, name: branch[name], key.split("."), tree)
