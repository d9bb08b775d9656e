"""Importing checkpoints of other libraries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from cutaway.config.reading import validate
from cutaway.config.run import RunConfig
from cutaway.errors import UserError, counted
from cutaway.hub.checkpoint_files import Checkpoint, RenamedFiles, open_weights
from cutaway.hub.families import family_of
from cutaway.hub.family import Family
from cutaway.hub.filling import Account, fill
from cutaway.hub.image_processor import image_choices, image_notes
from cutaway.hub.pooling import longest_text, sentence_choices, sentence_notes
from cutaway.hub.tasks import task_choices
from cutaway.hub.weight_rules import Table
from cutaway.model.build import build
from cutaway.model.run_folder import read_json
from cutaway.model.transformer import Transformer
from cutaway.tasks.question_answering.config import QuestionAnsweringConfig

SHARED = 4
"""Consecutive windows over a long context share a fourth of a short model's context."""


@dataclass(frozen=True)
class Imported:
    """An imported model.

    Attributes:
        model: with its weights.
        config: all choices, as of a run.
        notes: what was changed or left out, one line each.
        model_type: its family in a Hugging Face folder, to be exported as the same.
    """

    model: Transformer
    config: RunConfig
    notes: tuple[str, ...]
    model_type: str | None = None


def import_folder(folder: Path, dtype: torch.dtype = torch.float32) -> Imported:
    """Imports the model of a Hugging Face folder, without its tokenizer.

    Each tensor is loaded directly into the model, so that at most one is in memory twice.

    Args:
        folder: with config.json and weights.
        dtype: of the model's weights, whatever the file's.

    Raises:
        UserError: the model is of no known family, one of its options is not implemented, or its tensors do not match
            the model.
    """
    found = read_json(folder / "config.json")
    if not isinstance(found, dict):
        raise UserError(f"{folder / 'config.json'} holds no options")
    family = family_of(found.get("model_type"), str(folder)).for_padding(found.get("pad_token_id"))
    checkpoint = RenamedFiles(open_weights(folder), family.renamed)
    names = checkpoint.names()
    config, task = read_config(family.normalize(found, names), family, folder)
    require_layers(config, len(names), str(folder))
    bare = not any(name.startswith(family.start(task)) for name in names)
    imported = read_weights(config, family.table(config.model, task, bare=bare), checkpoint, dtype, str(folder))
    notes = imported.notes + image_notes(folder, config) + sentence_notes(folder, task)
    return replace(imported, notes=notes, model_type=family.model_type)


def read_config(found: Mapping[str, Any], family: Family, folder: Path) -> tuple[RunConfig, str]:
    """All choices of a config.json, and the task of its head."""
    source = str(folder / "config.json")
    architectures = found.get("architectures") or [None]
    if not isinstance(architectures, list) or not isinstance(architectures[0], str | None):
        raise UserError(f"{source} says architectures={architectures!r}, which is not a list of names")
    task = family.task(architectures[0], source)
    choices = family.read(found, task, source)
    head, kind = task_choices(task, found)
    choices["head"] = {**choices.get("head", {}), **head, **sentence_choices(folder, task)}
    if task == "sentence_embedding":
        kind |= longest_text(folder, choices["context"])
    if task == "question_answering":
        kind["stride"] = min(QuestionAnsweringConfig().stride, max(1, choices["context"] // SHARED))
    if task == "image_classification":
        kind |= image_choices(folder, choices["embedding"]["channels"])
    return validate({"model": choices, "task": kind}), task


def require_layers(config: RunConfig, tensors: int, source: str) -> None:
    """Rejects more layers than there are tensors, before a model is built, which could take forever.

    Raises:
        UserError: there are more.
    """
    layers = max(config.model.layers, config.model.encoder_layers or 0)
    if layers > tensors:
        raise UserError(
            f"{source} asks for {counted(layers, 'layer')}, but its files have {counted(tensors, 'tensor')}"
        )


def read_weights(config: RunConfig, table: Table, checkpoint: Checkpoint, dtype: torch.dtype, source: str) -> Imported:
    """Builds the model and loads its weights."""
    try:
        with torch.device("meta"):
            model = build(config.model)
    except (TypeError, RuntimeError):  # sizes beyond torch's integers
        raise UserError(f"{source} asks for sizes that are too large") from None
    account = fill(model, table, checkpoint, dtype, source)
    return Imported(model.eval(), config, tuple(_notes(account, dtype)))


def _notes(account: Account, dtype: torch.dtype) -> Sequence[str]:
    """What users must know about the weights."""
    cast = {kind: count for kind, count in account.dtypes.items() if kind != dtype}
    casts = [
        f"{counted(count, 'tensor')} of {_name(kind)} {'is' if count == 1 else 'are'} read as {_name(dtype)}"
        for kind, count in cast.items()
    ]
    left = [f"not read: {what} ({counted(count, 'tensor')})" for what, count in account.ignored.items()]
    return casts + left + [f"not in the file, and zeros: {name}" for name in account.absent]


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
