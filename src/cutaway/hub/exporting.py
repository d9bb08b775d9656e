"""Exporting models as Hugging Face folders for `transformers`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.hub.families import all_families
from cutaway.hub.family import Family
from cutaway.hub.filling import empty
from cutaway.hub.image_processor import write_images
from cutaway.hub.pooling import write_sentences
from cutaway.hub.tasks import task_options
from cutaway.model.run_folder import write_json, write_tensors
from cutaway.model.transformer import Transformer
from cutaway.text.tokenizer import Tokenizer

NAMED = 2


@dataclass(frozen=True)
class Wishes:
    """What matters in the choice of a family besides the model.

    Attributes:
        pad: the id of the padding token.
        preferred: the `model_type` to use if several fit.
        lacking: by `model_type`, what a family cannot hold, in words.
    """

    pad: int | None = None
    preferred: str | None = None
    lacking: Mapping[str, str] = field(default_factory=dict)


NO_WISHES = Wishes()


def choose_family(config: RunConfig, wishes: Wishes = NO_WISHES) -> Family:
    """The family that fits a model exactly; of several, the preferred one, or one that needs no equivalent choice.

    Args:
        config: all choices.
        wishes: what else matters.

    Raises:
        UserError: there is none; says what the nearest ones lack.
    """
    families = {name: family.for_padding(wishes.pad) for name, family in all_families().items()}
    lacking: dict[str, list[str]] = {}
    unreadable = set()
    for name, family in families.items():
        lacking[name] = ["a model without a padding token"] * (family.by_padding is not None and wishes.pad is None)
        try:
            lacking[name] += family.unheld(config.model, config.task.kind)
        except UserError as error:  # how much else it lacks is unknown
            lacking[name].append(str(error))
            unreadable.add(name)
        if not lacking[name] and name in wishes.lacking:
            lacking[name] = [wishes.lacking[name]]
    fitting = [name for name in families if not lacking[name]]
    if fitting:
        task = config.task.kind
        best = min(fitting, key=lambda one: (one != wishes.preferred, families[one].equivalents(config.model, task)))
        return families[best]
    with_head = [name for name, family in families.items() if config.task.kind in family.heads]
    if not with_head:
        raise UserError(f"no format of transformers holds this model: none has a head for {config.task.kind}")

    def how_far(name: str) -> tuple[int, bool, int]:
        return families[name].distance(config.model), name in unreadable, len(lacking[name])

    nearest = sorted(with_head, key=how_far)[:NAMED]
    complaints = "; ".join(f"{name} cannot hold {' nor '.join(lacking[name][:NAMED])}" for name in nearest)
    raise UserError(f"no format of transformers holds this model: {complaints}")


def special_ids(tokenizer: Tokenizer | None) -> dict[str, Any]:
    """The ids of special tokens as config.json names them.

    Missing tokens that begin and end a text are None: a class that is not told has ids of its own for them.
    """
    if tokenizer is None:
        return {}
    several = [tokenizer.end, *sorted(tokenizer.ends - {tokenizer.end})]
    ids = {"pad": tokenizer.pad, "decoder_start": tokenizer.start, "forced_bos": tokenizer.first}
    known = {role: number for role, number in ids.items() if number is not None}
    ends = {"bos": tokenizer.begin, "eos": several if len(several) > 1 else tokenizer.end}
    return {f"{role}_token_id": number for role, number in {**ends, **known}.items()}


def tensors_of_family(
    model: Transformer, config: RunConfig, wishes: Wishes = NO_WISHES
) -> tuple[Family, dict[str, Tensor]]:
    """The family that fits a model, and the tensors of its file.

    Args:
        model: may be on the meta device, where its weights have no values: a tensor that the family lacks then counts
            as one that is not zero.
        config: all choices.
        wishes: what else matters in the choice of the family.

    Raises:
        UserError: no family fits the model.
    """
    family = choose_family(config, wishes)
    table = family.table(config.model, config.task.kind)
    try:
        return family, {name: tensor.detach() for name, tensor in empty(model, table)}
    except ValueError as error:
        raise UserError(f"{family.model_type} cannot hold this model: a matrix {error}") from None


def export_folder(
    model: Transformer, config: RunConfig, folder: Path, tokens: Mapping[str, Any], wishes: Wishes | None = None
) -> Family:
    """Writes config.json and model.safetensors, and what images or sentences need, without the tokenizer's files.

    Args:
        model: its weights are written in their own dtype.
        config: all choices.
        folder: is made if it does not exist.
        tokens: ids of special tokens, by their names in config.json (`eos_token_id`, …).
        wishes: what else matters in the choice of the family; by default, the padding token among these.

    Raises:
        UserError: no family fits the model.
    """
    family, tensors = tensors_of_family(model, config, wishes or Wishes(tokens.get("pad_token_id")))
    task = config.task.kind
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
    write_images(folder, config)
    write_sentences(folder, config)
    return family
