"""The choices of a run that goes on from a model: what it keeps of that model's, and what may be another."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from cutaway.config.base import Record
from cutaway.config.explicit import explicit
from cutaway.config.model import ModelConfig
from cutaway.config.optimizer import AdamWConfig
from cutaway.config.reading import override
from cutaway.config.run import RunConfig
from cutaway.config.schedule import LinearConfig
from cutaway.config.task import KINDS, task_record
from cutaway.config.tokenizer import CharTokenizer, OriginTokenizer
from cutaway.config.train import TrainConfig
from cutaway.errors import UserError
from cutaway.hub.download import is_name
from cutaway.model.transformer import Transformer
from cutaway.pipeline import Pipeline
from cutaway.runs.requirements import chosen_by_task, fits_body, needs_of
from cutaway.text.special import SPELLINGS

AnyRecord = TypeVar("AnyRecord", bound=Record)

TRAINING_ONLY = ("dropout", "attention.dropout", "feedforward.balance_weight", "feedforward.balance_rate")
NO_BODY = ("head.", "multi_token_prediction", "context", *TRAINING_ONLY)
"""Choices of a model that do not change its body."""
ANSWERS = {"kind", "problem", "labels", "operation", "symbols"}
"""What a task's answers mean: where all of these are the same, a head is as good as it was."""


def going_on(origin: str, pipeline: Pipeline, task: str | None = None, assignments: Sequence[str] = ()) -> RunConfig:
    """The choices of a run that goes on from a model: its body, tokens and, unless another is named, its task.

    Labels are those of the new data, and what concerns training is `fine_tuning`, unless chosen otherwise.

    Args:
        origin: what the model was loaded from.
        pipeline: the model.
        task: what is to be learnt.
        assignments: single choices, as `override` takes them.

    Raises:
        UserError: the model cannot learn the task, its tokenizer lacks a token that the task needs, or a choice does
            not exist or contradicts the model's body.
    """
    before = pipeline.config
    if task is None and before.task.spec.needs is None:
        raise UserError(
            f"nothing is trained for {before.task.kind}, as {origin} was: say what it is to learn with --task, "
            f"{_able(before)}"
        )
    reads_text = before.task.spec.has_text
    config = RunConfig(
        origin=_pinned(origin, pipeline),
        model=before.model.model_copy(update={"head": _without_labels(before.model.head)}),
        tokenizer=OriginTokenizer() if reads_text else CharTokenizer(),
        source_tokenizer=None if before.source_tokenizer is None else OriginTokenizer(),
        task=_without_labels(before.task),
    )
    config = override(config, _brought_by(task or before.task.kind, config))
    train = fine_tuning(pipeline.model, endless=config.task.spec.generates_data)
    config = override(config.model_copy(update={"train": train}), assignments)
    pinned = _pinned(origin, pipeline)
    if config.origin != pinned:
        raise UserError(f"the run goes on from {origin}, and no other origin can be chosen: leave it out")
    require_origin(config, pinned, pipeline)
    return config


def fine_tuning(model: Transformer, *, endless: bool = False) -> TrainConfig:
    """How a model is trained further: the gentler, the larger it is (Devlin et al. 2019, appendix A.3).

    The learning rate is 5e-4 for a million weights, falls with the root of their number, and is 2e-5 at least. Endless
    data has no epochs: there the steps are those of any run.
    """
    millions = sum(weight.numel() for weight in model.parameters()) / 1e6
    rate = min(max(5e-4 / math.sqrt(max(millions, 1.0)), 2e-5), 5e-4)
    return TrainConfig(
        epochs=None if endless else 3,
        optimizer=AdamWConfig(learning_rate=float(f"{rate:.1g}"), beta2=0.999, weight_decay=0.01),
        schedule=LinearConfig(warmup=0.1),
    )


def require_origin(config: RunConfig, name: str, pipeline: Pipeline) -> None:
    """Refuses a run that cannot go on from the model of this name.

    Raises:
        UserError: as `going_on` says.
    """
    task, needs = config.task.kind, needs_of(config.task)
    if not fits_body(needs, pipeline.config):
        raise UserError(f"{name} cannot learn {task}: its body is made for {_able(pipeline.config)}")
    _refuse_other_body(pipeline.config.model, config.model, name)
    roles = needs.roles
    if config.model.head.kind == "sequence" and config.model.head.pooling == "cls" and config.task.spec.has_text:
        roles = (*roles, "begin")
    for role in roles:
        if getattr(pipeline.tokenizer, role) is None:
            raise UserError(
                f"the tokenizer of {name} has no token such as {SPELLINGS[role][0]}, which {task} needs here: "
                f"go on from another model"
            )


def same_answers(before: RunConfig, after: RunConfig) -> bool:
    """Whether the heads of two models answer the same question."""
    one, other = (config.task.model_dump(include=ANSWERS) for config in (before, after))
    return one == other


def _able(config: RunConfig) -> str:
    """The tasks that a model could learn with another head."""
    needs = {kind: task_record(kind).spec.needs for kind in KINDS}
    return ", ".join(kind for kind, needed in needs.items() if needed is not None and fits_body(needed, config))


def _pinned(origin: str, pipeline: Pipeline) -> str:
    """The same, with its revision if it is a name on the hub."""
    if pipeline.opened is None or not is_name(origin):
        return origin
    return f"{origin.partition('@')[0]}@{pipeline.opened.path.name}"


def _brought_by(task: str, config: RunConfig) -> list[str]:
    """The choices that a task brings: itself and its head; only a head for language looks further ahead."""
    brought = [choice for choice in chosen_by_task(task, config) if choice.startswith(("task=", "model.head="))]
    loses_language = any(choice.startswith("model.head=") for choice in brought)
    return [
        *brought,
        *(["model.multi_token_prediction=0"] if loses_language and config.model.multi_token_prediction else []),
    ]


def _refuse_other_body(before: ModelConfig, after: ModelConfig, name: str) -> None:
    old, new = (dict(_flat(explicit(model).model_dump(mode="json"))) for model in (before, after))
    for key in {**old, **new}:
        if old.get(key) != new.get(key) and not key.startswith(NO_BODY):
            raise UserError(
                f"model.{key} cannot be {new.get(key)} in a run that goes on from {name}, where it is {old.get(key)}: "
                f"leave it out"
            )
    if after.position.kind == "learned" and after.context > before.context:
        raise UserError(
            f"{name} has learnt {before.context} positions, and model.context is {after.context}: "
            f"write model.context={before.context} or less"
        )


def _flat(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield path + key, value


def _without_labels(record: AnyRecord) -> AnyRecord:
    """Leaves the labels open, if there are any."""
    return record.model_copy(update={"labels": None}) if "labels" in type(record).model_fields else record
