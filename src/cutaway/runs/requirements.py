"""Which model a task needs."""

from dataclasses import dataclass

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


def chosen_by_task(name: str, config: RunConfig) -> list[str]:
    """The assignments that make a run learn another task: the task, and the head that it needs.

    Raises:
        UserError: there is no such task.
    """
    task = name.replace("-", "_")
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
            f"the task {task} needs a model whose architecture is {' or '.join(needed.architectures)}, and this one's is "
            f"{model.architecture}: write model.architecture={needed.architectures[0]}, or choose another preset"
        )
    if model.head.kind != needed.head:
        raise UserError(
            f"the task {task} needs a {needed.head} head, and model.head is {model.head.kind}: "
            f"write model.head={needed.head}"
        )
