"""Models of ours as Hugging Face folders, which `transformers` opens without code of ours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.hub.families import FAMILIES
from cutaway.hub.family import Family
from cutaway.hub.filling import empty
from cutaway.hub.tasks import task_options
from cutaway.model.files import write_json, write_tensors
from cutaway.model.transformer import Transformer

NAMED = 2


def choose_family(config: RunConfig) -> Family:
    """The family that can hold a model as it is.

    Raises:
        UserError: there is none; says what the nearest ones lack.
    """
    lacking = {name: family.unheld(config.model, config.task.kind) for name, family in FAMILIES.items()}
    for name, choices in lacking.items():
        if not choices:
            return FAMILIES[name]
    nearest = sorted(lacking, key=lambda name: len(lacking[name]))[:NAMED]
    complaints = "; ".join(f"{name} cannot hold {' nor '.join(lacking[name][:NAMED])}" for name in nearest)
    raise UserError(f"no format of transformers holds this model: {complaints}")


def export_folder(model: Transformer, config: RunConfig, folder: Path, tokens: Mapping[str, Any]) -> Family:
    """Writes config.json and model.safetensors; the tokenizer's files are written by who has it.

    Args:
        model: its weights are written in their own dtype.
        config: all choices.
        folder: where to; made if it is not there.
        tokens: ids of special tokens, as config.json has them (`eos_token_id`, …).

    Raises:
        UserError: no family holds the model.
    """
    family = choose_family(config)
    task = config.task.kind
    table = family.table(config.model, task)
    try:
        tensors = {name: tensor.detach() for name, tensor in empty(model, table)}
    except ValueError as error:
        raise UserError(f"{family.model_type} cannot hold this model: a matrix {error}") from None
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / "model.safetensors", tensors, metadata={"format": "pt"})
    labels = getattr(config.model.head, "labels", None)
    write_json(
        folder / "config.json",
        {
            "model_type": family.model_type,
            "architectures": [family.heads[task].architecture],
            "dtype": str(next(model.parameters()).dtype).removeprefix("torch."),
            **family.write(config.model, task),
            **task_options(config.task.model_dump(mode="json"), labels),
            **tokens,
        },
    )
    return family
