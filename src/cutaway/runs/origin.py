"""The choices of a fine-tuning run: which ones it keeps from its model, and which may differ."""

import math
from collections.abc import Sequence
from typing import TypeVar

from cutaway.config.explicit import explicit
from cutaway.config.model import ModelConfig
from cutaway.config.optimizer import AdamWConfig
from cutaway.config.reading import override
from cutaway.config.record import Record, flattened
from cutaway.config.run import RunConfig
from cutaway.config.schedule import LinearConfig
from cutaway.config.task import KINDS, task_record
from cutaway.config.tokenizer import CharTokenizer, OriginTokenizer
from cutaway.config.train import TrainConfig
from cutaway.errors import UserError
from cutaway.hub.download import is_name
from cutaway.model.formats import count_weights, require_unquantized
from cutaway.model.transformer import Transformer
from cutaway.pipeline import Pipeline
from cutaway.runs.requirements import chosen_by_task, fits_body, needs_of
from cutaway.text.special import SPELLINGS

AnyRecord = TypeVar("AnyRecord", bound=Record)

TRAINING_ONLY = ("dropout", "attention.dropout", "feedforward.balance_weight", "feedforward.balance_rate")
NO_BODY = ("head.", "multi_token_prediction", "context", *TRAINING_ONLY)
"""Choices that do not change a model's body."""
ANSWERS = {"kind", "problem", "labels", "operation", "symbols"}
"""Keys that determine what a head's outputs mean: a head is kept if none of them changes."""


def going_on(origin: str, pipeline: Pipeline, task: str | None = None, assignments: Sequence[str] = ()) -> RunConfig:
    """The choices of a run that fine-tunes a model: its body, its tokenizer and, unless another is named, its task.

    Labels are taken from the new data; training follows `fine_tuning`, unless chosen otherwise.

    Args:
        origin: the path or name that the model was loaded from.
        pipeline: the model.
        task: the task to train for.
        assignments: changes, as `override` takes them.

    Raises:
        UserError: the model is quantized or cannot be trained for the task, its tokenizer lacks a token that the task
            needs, or a choice does not exist or contradicts the model's body.
    """
    require_unquantized(pipeline.model, "trained")
    before = pipeline.config
    if task is None and before.task.spec.needs is None:
        raise UserError(
            f"{origin} is a model for {before.task.kind}, which is not trained here: choose a task with --task, "
            f"{_able(before)}"
        )
    reads_text = before.task.spec.has_text
    config = RunConfig(
        origin=_pinned(origin, pipeline),
        model=before.model.model_copy(update={"head": _without_labels(before.model.head)}),
        tokenizer=OriginTokenizer() if reads_text else CharTokenizer(),
        source_tokenizer=None if pipeline.source_tokenizer is None else OriginTokenizer(),
        task=_without_labels(before.task),
    )
    config = override(config, _brought_by(task or before.task.kind, config))
    train = fine_tuning(pipeline.model, endless=config.task.spec.generates_data)
    config = override(config.model_copy(update={"train": train}), assignments)
    pinned = _pinned(origin, pipeline)
    if config.origin != pinned:
        raise UserError(f"the run is fine-tuned from {origin}: remove origin")
    require_origin(config, pinned, pipeline)
    return config


def fine_tuning(model: Transformer, *, endless: bool = False) -> TrainConfig:
    """How a model is fine-tuned; larger models with lower learning rates (Devlin et al. 2019, appendix A.3).

    The learning rate is 5e-4 up to a million parameters, then falls with the square root of their number, down to 2e-5.
    Endless data has no epochs, so there the number of steps is the default.
    """
    millions = count_weights(model) / 1e6
    rate = min(max(5e-4 / math.sqrt(max(millions, 1.0)), 2e-5), 5e-4)
    return TrainConfig(
        epochs=None if endless else 3,
        optimizer=AdamWConfig(learning_rate=float(f"{rate:.1g}"), beta2=0.999, weight_decay=0.01),
        schedule=LinearConfig(warmup=0.1),
    )


def require_origin(config: RunConfig, name: str, pipeline: Pipeline) -> None:
    """Rejects a run that cannot be fine-tuned from the model of this name.

    Raises:
        UserError: for the reasons given in `going_on`.
    """
    task, needs = config.task.kind, needs_of(config.task)
    if not fits_body(needs, pipeline.config):
        raise UserError(f"{name} cannot be trained for {task}: its body fits {_able(pipeline.config)}")
    _refuse_other_body(pipeline.config.model, config.model, name)
    roles = needs.roles
    if config.model.head.kind == "sequence" and config.model.head.pooling == "cls" and config.task.spec.has_text:
        roles = (*roles, "begin")
    for role in roles:
        if getattr(pipeline.tokenizer, role) is None:
            raise UserError(
                f"the tokenizer of {name} has no token such as {SPELLINGS[role][0]}, which {task} needs here: "
                f"fine-tune another model"
            )


def same_answers(before: RunConfig, after: RunConfig) -> bool:
    """Whether the outputs of two models' heads mean the same."""
    one, other = (config.task.model_dump(include=ANSWERS) for config in (before, after))
    return one == other


def _able(config: RunConfig) -> str:
    """The tasks that a model could be trained for with another head."""
    needs = {kind: task_record(kind).spec.needs for kind in KINDS}
    return ", ".join(kind for kind, needed in needs.items() if needed is not None and fits_body(needed, config))


def _pinned(origin: str, pipeline: Pipeline) -> str:
    """The origin, with its revision if it is a name on the hub."""
    if pipeline.opened is None or not is_name(origin):
        return origin
    return f"{origin.partition('@')[0]}@{pipeline.opened.path.name}"


def _brought_by(task: str, config: RunConfig) -> list[str]:
    """The choices that come with a task: itself and its head; only language heads predict several tokens."""
    brought = [choice for choice in chosen_by_task(task, config) if choice.startswith(("task=", "model.head="))]
    loses_language = any(choice.startswith("model.head=") for choice in brought)
    return [
        *brought,
        *(["model.multi_token_prediction=0"] if loses_language and config.model.multi_token_prediction else []),
    ]


def _refuse_other_body(before: ModelConfig, after: ModelConfig, name: str) -> None:
    old, new = (dict(flattened(explicit(model).model_dump(mode="json"))) for model in (before, after))
    for key in {**old, **new}:
        if old.get(key) != new.get(key) and not key.startswith(NO_BODY):
            raise UserError(
                f"model.{key} cannot be {new.get(key)} in a run that fine-tunes {name}, where it is {old.get(key)}: "
                f"remove it"
            )
    if after.position.kind == "learned" and after.context > before.context:
        raise UserError(
            f"{name} has {before.context} learned positions, but model.context is {after.context}: "
            f"write model.context={before.context} or less"
        )


def _without_labels(record: AnyRecord) -> AnyRecord:
    """The record without its labels, if it has any."""
    return record.model_copy(update={"labels": None}) if "labels" in type(record).model_fields else record
