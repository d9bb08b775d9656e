"""Which model a task needs, and which choices mean something to it."""

from dataclasses import dataclass
from functools import reduce
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.errors import UserError, nearest


@dataclass(frozen=True)
class Requirement:
    """What a task asks of a model: one of these architectures, and this head."""

    architectures: tuple[str, ...]
    head: str


READERS = ("encoder", "decoder")

REQUIREMENTS = {
    "language_modeling": Requirement(("decoder",), "language"),
    "masked_language_modeling": Requirement(("encoder",), "language"),
    "sequence_to_sequence": Requirement(("encoder_decoder",), "language"),
    "sequence_classification": Requirement(READERS, "sequence"),
    "token_classification": Requirement(READERS, "token"),
    "question_answering": Requirement(("encoder",), "token"),
    "algorithmic": Requirement(("encoder",), "token"),
}

ON_TEXT = ("data.target", "data.validation_path", "train.batch_tokens", "source_tokenizer")
ON_FILES_OF_ONE_FORM = ("data.field", "data.target", "source_tokenizer")

UNREAD = {
    "language_modeling": ON_TEXT,
    "masked_language_modeling": ON_TEXT,
    "sequence_classification": ("source_tokenizer",),
    "token_classification": ON_FILES_OF_ONE_FORM,
    "question_answering": ON_FILES_OF_ONE_FORM,
    "algorithmic": ("data.path", "data.field", *ON_TEXT),
}
"""Choices that a task does not look at."""


def chosen_by_task(name: str, config: RunConfig) -> list[str]:
    """The assignments that make a run learn another task: the task, and the head that it needs.

    Raises:
        UserError: there is no such task.
    """
    task = name.lower().replace("-", "_")
    if task not in REQUIREMENTS:
        raise UserError(f"no task is called {name!r}; {nearest(task, REQUIREMENTS)}")
    head = REQUIREMENTS[task].head
    same_head = config.model.head.kind == head
    return [f"task={task}"] if same_head else [f"task={task}", f"model.head={head}"]


def require_model(config: RunConfig) -> None:
    """Refuses a task that the model cannot learn.

    Raises:
        UserError: it has another architecture or another head; says how to choose them.
    """
    task, model = config.task.kind, config.model
    needed = REQUIREMENTS[task]
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


def require_choices(config: RunConfig) -> None:
    """Refuses choices that the task would not look at: none is ignored without a word.

    Raises:
        UserError: there is one; names it.
    """
    chosen, usual = config.model_dump(mode="json"), RunConfig().model_dump(mode="json")
    for key in UNREAD.get(config.task.kind, ()):
        if _at(chosen, key) != _at(usual, key):
            raise UserError(f"{key} means nothing to the task {config.task.kind}: leave it out")


def _at(tree: dict[str, Any], key: str) -> Any:
    return reduce(lambda branch, name: branch[name], key.split("."), tree)
