"""Which verbs a model has."""

from cutaway.config.run import RunConfig
from cutaway.errors import UserError

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
    if verb not in verbs(config):
        can = ", ".join(verbs(config))
        raise UserError(f"this model cannot {verb}: it was trained for {config.task.kind}, and can {can}")
