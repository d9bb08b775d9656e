"""Exporting a model for other programs: what is written is loaded again and compared with the original."""

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
"""How far logits may differ, relative to the largest, since sums are in another order."""

ROUNDED = {"f32": TOLERANCE, "f16": 0.02, "bf16": 0.1, "q8_0": 0.1}
"""The same for matrices with 24, 11 and 8 significant bits, and 8 with a scale for every 32 numbers."""


@dataclass(frozen=True)
class Exported:
    """The result of an export.

    Attributes:
        path: the folder or file.
        format: its name in other programs.
        difference: the largest of the logits, relative to the largest logit of the original.
        against: the program that loaded it again.
    """

    path: Path
    format: str
    difference: float
    against: str


@torch.inference_mode()
def export_to_folder(
    model: Transformer, config: RunConfig, tokenizer: Tokenizer | None, out: Path, preferred: str | None = None
) -> Exported:
    """Writes a Hugging Face folder with its tokenizer and a card, and loads it again.

    If several families fit, the one with the preferred `model_type` is used.

    Raises:
        UserError: the folder is not empty, no family fits the model, or the written model has other logits.
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
        raise UserError(f"{out} was written, but in {against} its logits differ by {largest:.1e}")
    return Exported(out, family.model_type, largest, against)


def _again(model: Transformer, batch: Batch, out: Path) -> tuple[torch.Tensor, str]:
    """The logits of the written folder in `transformers` if it is installed, otherwise in cutaway."""
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
        raise UserError(f"{out} is not empty: choose another folder")


@torch.inference_mode()
def export_to_gguf(
    model: Transformer, config: RunConfig, tokenizer: Tokenizer | None, out: Path, numbers: str = "f16"
) -> Exported:
    """Writes a GGUF file with its tokenizer, and loads it again.

    Raises:
        UserError: the file exists, GGUF does not support the model, or the logits differ by more than its numbers are
            rounded.
    """
    _require_nothing(out)
    if tokenizer is None:
        raise UserError(f"GGUF is for models that generate text, but {config.task.kind} needs no text")
    export_gguf(model, config, tokenizer, out, numbers=numbers, name=config.preset or "")
    batch = _examples(config, tokenizer)
    again, _ = import_gguf(out)
    largest = difference(kept(logits(again.model, batch), batch), kept(logits(model, batch), batch))
    if not largest <= ROUNDED[numbers]:
        raise UserError(f"{out} was written, but its logits differ by {largest:.1e}")
    return Exported(out, f"gguf, {numbers}", largest, "cutaway")


def export_to_onnx(model: Transformer, config: RunConfig, tokenizer: Tokenizer | None, out: Path) -> Exported:
    """Writes an ONNX graph, and runs it.

    Raises:
        UserError: the file exists, the model has a decoder, or the graph has other logits.
    """
    _require_nothing(out)
    return Exported(out, "onnx", export_onnx(model, config, out), "onnxruntime")


def _require_nothing(out: Path) -> None:
    if out.exists():
        raise UserError(f"{out} exists already: choose another file")


FORMATS: dict[str, Callable[..., Exported]] = {"hf": export_to_folder, "gguf": export_to_gguf, "onnx": export_to_onnx}
"""From the name of a format to its export."""
