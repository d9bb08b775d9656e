"""A model as a folder or file that other programs open, opened again and held against the original."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from cutaway.checks.batch import Batch, join, kept, logits
from cutaway.checks.example_batches import TARGET, make_examples
from cutaway.checks.measure import difference
from cutaway.config.model import ModelConfig
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.files import write_text
from cutaway.hub.card import write_card
from cutaway.hub.exporting import export_folder, special_ids
from cutaway.hub.gguf.exporting import export_gguf
from cutaway.hub.gguf.importing import import_gguf
from cutaway.hub.importing import import_folder
from cutaway.hub.onnx import export_onnx
from cutaway.hub.reference import open_reference
from cutaway.model.transformer import Transformer
from cutaway.text.hf.folders import write_tokenizer
from cutaway.text.post_processor import PostProcessor
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_source, around_text, before_prompt

LONGEST = 13
TOLERANCE = 1e-4
"""How far logits may differ, relative to the largest: the same numbers added in another order."""

ROUNDED = {"f32": TOLERANCE, "f16": 0.02, "bf16": 0.1, "q8_0": 0.1}
"""The same where matrices are kept in so few bits: 24, 11, 8, and 8 with a scale for every 32 numbers."""


@dataclass(frozen=True)
class Exported:
    """What was written, and how it compares.

    Attributes:
        path: the folder or file.
        format: what other programs call it.
        difference: the largest between logits, relative to the largest of the original's.
        against: what opened it again.
    """

    path: Path
    format: str
    difference: float
    against: str


@torch.inference_mode()
def export_to_folder(
    model: Transformer, config: RunConfig, tokenizer: Tokenizer | None, out: Path, preferred: str | None = None
) -> Exported:
    """Writes a Hugging Face folder with its tokenizer and a card, and opens it again.

    Several families may hold a model: the one whose `model_type` is preferred comes first.

    Raises:
        UserError: the folder holds something, no format holds the model, or what was written answers otherwise.
    """
    _require_empty(out)
    family = export_folder(model, config, out, special_ids(tokenizer), preferred)
    if tokenizer is not None:
        write_tokenizer(tokenizer, out, _around(tokenizer, config.model))
    batch = _examples(config, tokenizer)
    found, against = _again(model, batch, out)
    largest = difference(kept(found, batch), kept(logits(model, batch), batch))
    architecture = family.heads[config.task.kind].architecture
    numbers = sum(weight.numel() for weight in model.parameters())
    write_text(out / "README.md", write_card(config, architecture, numbers, largest, against))
    if not largest <= TOLERANCE:
        raise UserError(f"{out} was written, but {against} gets other logits from it: they differ by {largest:.1e}")
    return Exported(out, family.model_type, largest, against)


def _again(model: Transformer, batch: Batch, out: Path) -> tuple[torch.Tensor, str]:
    """What is said by that which opens the folder: the library that it is for if it is here, else ours."""
    reference = open_reference(out, model.head)
    if reference is not None:
        return reference(batch.inputs, **batch.arguments), "transformers"
    return logits(import_folder(out).model, batch), "cutaway"


def _around(tokenizer: Tokenizer, model: ModelConfig) -> PostProcessor:
    """The special tokens around an input of the model."""
    if model.architecture == "encoder_decoder":
        return around_source(tokenizer)
    is_generator = model.architecture == "decoder" and model.head.kind == "language"
    return PostProcessor(before=before_prompt(tokenizer)) if is_generator else around_text(tokenizer)


def _examples(config: RunConfig, tokenizer: Tokenizer | None) -> Batch:
    longest = min(LONGEST, config.model.context)
    lengths = [longest, -(-longest // 3), -(-2 * longest // 3)]
    tokenizers = {} if tokenizer is None else {TARGET: tokenizer}
    return join(make_examples(config.model, tokenizers, lengths, seed=0))


def _require_empty(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} holds something already: choose another folder")


@torch.inference_mode()
def export_to_gguf(
    model: Transformer, config: RunConfig, tokenizer: Tokenizer | None, out: Path, numbers: str = "f16"
) -> Exported:
    """Writes a GGUF file with its tokenizer, and opens it again.

    Raises:
        UserError: there is something already, GGUF does not hold the model, or what was written answers otherwise than
            the rounding of its numbers explains.
    """
    _require_nothing(out)
    if tokenizer is None:
        raise UserError(f"GGUF holds models that write, and {config.task.kind} needs no text")
    export_gguf(model, config, tokenizer, out, numbers=numbers, name=config.preset or "")
    batch = _examples(config, tokenizer)
    again, _ = import_gguf(out)
    largest = difference(kept(logits(again.model, batch), batch), kept(logits(model, batch), batch))
    if not largest <= ROUNDED[numbers]:
        raise UserError(f"{out} was written, but other logits come from it: they differ by {largest:.1e}")
    return Exported(out, f"gguf, {numbers}", largest, "cutaway")


def export_to_onnx(model: Transformer, config: RunConfig, tokenizer: Tokenizer | None, out: Path) -> Exported:
    """Writes an ONNX graph, and runs it.

    Raises:
        UserError: there is something already, the model has a decoder, or the graph answers otherwise.
    """
    _require_nothing(out)
    return Exported(out, "onnx", export_onnx(model, config, out), "onnxruntime")


def _require_nothing(out: Path) -> None:
    if out.exists():
        raise UserError(f"{out} is there already: choose another file")


FORMATS: dict[str, Callable[..., Exported]] = {"hf": export_to_folder, "gguf": export_to_gguf, "onnx": export_to_onnx}
"""What models can be written as."""
