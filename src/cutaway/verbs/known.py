"""Which verbs a model has."""

from typing import TypeVar

from cutaway.config.base import Record
from cutaway.config.run import RunConfig
from cutaway.errors import UserError

AnyTask = TypeVar("AnyTask", bound=Record)

VERBS: dict[str, tuple[str, ...]] = {
    "language_modeling": ("generate", "score"),
    "masked_language_modeling": ("fill", "embed"),
    "sequence_to_sequence": ("translate", "summarize"),
    "sequence_classification": ("classify", "embed"),
    "image_classification": ("classify",),
    "image_captioning": ("caption",),
    "audio_classification": ("classify",),
    "graph_classification": ("classify",),
    "token_classification": ("tag", "embed"),
    "question_answering": ("answer", "embed"),
    "sentence_embedding": ("embed",),
}


def verbs(config: RunConfig) -> tuple[str, ...]:
    """What can be asked of a model, by the task that it was trained for; one that computes has that operation."""
    return (config.task.operation,) if config.task.kind == "algorithmic" else VERBS[config.task.kind]


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
    if verb not in verbs(config) or not isinstance(task, kind):
        can = ", ".join(verbs(config))
        raise UserError(f"this model cannot {verb}: it was trained for {task.kind}, and can {can}")
    return task
