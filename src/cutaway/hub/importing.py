"""Other people's checkpoints as models of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from cutaway.config.reading import validate
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.hub.checkpoint_files import Checkpoint, RenamedFiles, open_weights
from cutaway.hub.families import family_of
from cutaway.hub.family import Family
from cutaway.hub.filling import Account, fill
from cutaway.hub.image_processor import image_choices, image_notes
from cutaway.hub.pooling import sentence_choices
from cutaway.hub.tasks import task_choices
from cutaway.hub.weight_rules import Table
from cutaway.model.build import build
from cutaway.model.run_folder import read_json
from cutaway.model.transformer import Transformer


@dataclass(frozen=True)
class Imported:
    """A model that came from elsewhere.

    Attributes:
        model: with its weights.
        config: all choices, as a run has them.
        notes: what was not taken over as it stood, a line each.
        model_type: the family that it was of, to be that again when it goes out, if it was in a folder.
    """

    model: Transformer
    config: RunConfig
    notes: tuple[str, ...]
    model_type: str | None = None


def import_folder(folder: Path, dtype: torch.dtype = torch.float32) -> Imported:
    """Reads the model in a Hugging Face folder; its tokenizer is not read.

    Each tensor goes straight to its place, so that no more than one is in memory twice.

    Args:
        folder: holds config.json and weights.
        dtype: of the model's weights, whatever the file's.

    Raises:
        UserError: the folder has no model of a family that we know, an option of it is not implemented, or its tensors
            do not fill the model.
    """
    found = read_json(folder / "config.json")
    if not isinstance(found, dict):
        raise UserError(f"{folder / 'config.json'} holds no options")
    family = family_of(found.get("model_type"), str(folder)).for_padding(found.get("pad_token_id"))
    checkpoint = RenamedFiles(open_weights(folder), family.renamed)
    names = checkpoint.names()
    config, task = read_config(family.said(found, names), family, folder)
    layers = max(config.model.layers, config.model.encoder_layers or 0)
    if layers > len(names):  # to build them would take forever
        raise UserError(f"{folder} asks for {layers} layers, and its files hold {len(names)} tensors")
    bare = not any(name.startswith(family.start(task)) for name in names)
    imported = read_weights(config, family.table(config.model, task, bare=bare), checkpoint, dtype, str(folder))
    notes = imported.notes + image_notes(folder, config)
    return replace(imported, notes=notes, model_type=family.model_type)


def read_config(found: Mapping[str, Any], family: Family, folder: Path) -> tuple[RunConfig, str]:
    """All choices that a config.json means, and the task by which the family knows its head."""
    source = str(folder / "config.json")
    architectures = found.get("architectures") or [None]
    if not isinstance(architectures, list) or not isinstance(architectures[0], str | None):
        raise UserError(f"{source} says architectures={architectures!r}, which is no list of names")
    task = family.task(architectures[0], source)
    choices = family.read(found, task, source)
    head, kind = task_choices(task, found)
    choices["head"] = {**choices.get("head", {}), **head, **sentence_choices(folder, task)}
    if task == "image_classification":
        kind |= image_choices(folder, choices["embedding"]["channels"])
    return validate({"model": choices, "task": kind}), task


def read_weights(config: RunConfig, table: Table, checkpoint: Checkpoint, dtype: torch.dtype, source: str) -> Imported:
    """Builds the model and fills it."""
    try:
        with torch.device("meta"):
            model = build(config.model)
    except (TypeError, RuntimeError):  # torch counts no further
        raise UserError(f"{source} asks for sizes that are too large") from None
    account = fill(model, table, checkpoint, dtype, source)
    return Imported(model.eval(), config, tuple(_notes(account, dtype)))


def _notes(account: Account, dtype: torch.dtype) -> Sequence[str]:
    """What a user must know of how the weights came in."""
    cast = {kind: count for kind, count in account.dtypes.items() if kind != dtype}
    casts = [f"{count} tensors of {_name(kind)} are read as {_name(dtype)}" for kind, count in cast.items()]
    left = [f"not read: {what} ({count} tensor{'s' * (count > 1)})" for what, count in account.ignored.items()]
    return casts + left + [f"not in the file, and zeros: {name}" for name in account.absent]


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
