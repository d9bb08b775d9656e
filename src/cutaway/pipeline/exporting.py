"""Exporting a model for other programs: what is written is loaded again and compared with the original."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cutaway.checks.batch import Batch, join, kept, logits
from cutaway.checks.example_batches import TARGET, make_examples
from cutaway.checks.measure import difference
from cutaway.checks.text import with_other_ids
from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.head import SequenceHeadConfig, TokenHeadConfig
from cutaway.config.run import RunConfig
from cutaway.config.tokenizer import FileTokenizer
from cutaway.errors import UserError, counted
from cutaway.files import removing_on_failure, write_text
from cutaway.hub.card import write_card
from cutaway.hub.exporting import Wishes, export_folder, special_ids, tensors_of_family
from cutaway.hub.gguf.exporting import export_gguf
from cutaway.hub.gguf.importing import import_gguf
from cutaway.hub.importing import import_folder
from cutaway.hub.onnx.exporting import export_onnx
from cutaway.hub.reference import open_reference, open_tokenizer
from cutaway.model.build import build
from cutaway.model.transformer import Transformer
from cutaway.tasks.dataset import shares_vocabulary, with_labels, with_model
from cutaway.tasks.task import task_of
from cutaway.text.hf.classes import SWAPPED
from cutaway.text.hf.folders import is_of_qwen, load_tokenizer, write_tokenizer
from cutaway.text.post_processor import PostProcessor
from cutaway.text.special import spelt
from cutaway.text.tokenizer import Tokenizer
from cutaway.text.uses import around_source, around_text, around_window, before_prompt

ASSUMED_VOCABULARY = 1000
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


def unexportable(config: RunConfig) -> str | None:
    """Why no family of checkpoints of `transformers` holds the model of a run; None if one does.

    Neither weights nor data are needed: the model is built without memory, and sizes that the data determines
    (vocabulary, labels, images) are assumed, as they do not matter. A tokenizer to be trained is assumed to have the
    special tokens of its task.
    """
    config = _with_assumed_sizes(config)
    with torch.device("meta"):
        model = build(config.model)
    try:
        tensors_of_family(model, config, Wishes(_expected_padding(config)))
    except UserError as error:
        return str(error)
    return None


def _with_assumed_sizes(config: RunConfig) -> RunConfig:
    task, model = task_of(config), config.model
    sizes: dict[str, Any] = {}
    if config.task.spec.has_text and model.vocabulary is None:
        sizes["vocabulary"] = task.expected_vocabulary() or ASSUMED_VOCABULARY
    if config.source_tokenizer is not None and model.source_vocabulary is None and not shares_vocabulary(config):
        sizes["source_vocabulary"] = ASSUMED_VOCABULARY
    for key in ("embedding", "source_embedding"):
        if isinstance(read := getattr(model, key), PatchEmbeddingConfig):
            size = {"height": read.height or read.patch, "width": read.width or read.patch}
            sizes[key] = read.model_copy(update={**size, "channels": read.channels or 1})
    config = with_model(config, **sizes)
    if isinstance(model.head, SequenceHeadConfig | TokenHeadConfig) and model.head.labels is None:
        config = with_labels(config, task.expected_labels())
    return config


def _expected_padding(config: RunConfig) -> int | None:
    """The id of the padding token of a run's tokenizer, which is the first if it is still to be trained."""
    if not config.task.spec.has_text:
        return None
    if isinstance(config.tokenizer, FileTokenizer):
        return Tokenizer.load(config.tokenizer.path).pad
    return None if spelt("pad", getattr(task_of(config), "special_tokens", ())) is None else 0


@torch.inference_mode()
def export_to_folder(
    model: Transformer,
    config: RunConfig,
    tokenizer: Tokenizer | None,
    out: Path,
    preferred: str | None = None,
    source_tokenizer: Tokenizer | None = None,
) -> Exported:
    """Writes a Hugging Face folder with its tokenizer and a card, and loads it again.

    If several families fit, the one with the preferred `model_type` is used. The tokenizer is that of the source, if it
    has its own.

    Raises:
        UserError: the folder is not empty, no family fits the model, or the written model has other logits or its
            tokenizer gives other ids; then nothing stays on disk.
    """
    _require_empty(out)
    reader = source_tokenizer or tokenizer
    other = {} if reader is None or is_of_qwen(reader) else dict.fromkeys(SWAPPED, "a tokenizer other than its own")
    with removing_on_failure(out):
        wishes = Wishes(None if tokenizer is None else tokenizer.pad, preferred, other)
        family = export_folder(model, config, out, special_ids(tokenizer), wishes)
        if reader is not None:
            write_tokenizer(reader, out, _around(reader, config), longest_text(config))
            require_same_ids(reader, _around(reader, config), out)
        batch = _examples(config, tokenizer)
        found, against = _again(model, batch, out)
        largest = difference(kept(found, batch), kept(logits(model, batch), batch))
        if not largest <= TOLERANCE:
            raise UserError(f"{out} is not kept: in {against} its logits differ by {largest:.1e}")
        architecture = family.heads[config.task.kind].architecture
        numbers = sum(weight.numel() for weight in model.parameters())
        write_text(out / "README.md", write_card(config, architecture, numbers, largest, against))
    return Exported(out, family.model_type, largest, against)


def longest_text(config: RunConfig) -> int:
    """The most tokens of a text that the model reads, with special tokens."""
    longest: int | None = getattr(config.task, "longest", None)
    return longest or config.model.context


def require_same_ids(tokenizer: Tokenizer, frame: PostProcessor, folder: Path) -> None:
    """Compares a written tokenizer with the original on random texts, in `transformers` if it is installed.

    Raises:
        UserError: a text has other ids.
    """
    reference = open_tokenizer(folder)
    again = load_tokenizer(folder)
    given = reference or (lambda text: (again.frame or PostProcessor()).around(again.encode(text)))
    different = with_other_ids(tokenizer, frame, given)
    if different:
        raise UserError(
            f"{folder} is not kept: in {'cutaway' if reference is None else 'transformers'} its tokenizer gives other "
            f"ids to {counted(len(different), 'random text')}, such as {different[0]!a}"
        )


def _again(model: Transformer, batch: Batch, out: Path) -> tuple[torch.Tensor, str]:
    """The logits of the written folder in `transformers` if it is installed, otherwise in cutaway."""
    reference = open_reference(out, model.head)
    if reference is not None:
        return reference(batch.inputs, **batch.arguments), "transformers"
    return logits(import_folder(out).model, batch), "cutaway"


def _around(tokenizer: Tokenizer, config: RunConfig) -> PostProcessor:
    """The special tokens around an input of the model, as it was trained."""
    model = config.model
    if config.task.kind == "masked_language_modeling":
        return around_window(tokenizer)
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
    with removing_on_failure(out):
        export_gguf(model, config, tokenizer, out, numbers=numbers, name=config.preset or "")
        batch = _examples(config, tokenizer)
        again, _ = import_gguf(out)
        largest = difference(kept(logits(again.model, batch), batch), kept(logits(model, batch), batch))
        if not largest <= ROUNDED[numbers]:
            raise UserError(f"{out} is not kept: its logits differ by {largest:.1e}")
    return Exported(out, f"gguf, {numbers}", largest, "cutaway")


def export_to_onnx(model: Transformer, config: RunConfig, tokenizer: Tokenizer | None, out: Path) -> Exported:
    """Writes an ONNX graph, and runs it.

    Raises:
        UserError: the file exists, the model has a decoder, or the graph has other logits.
    """
    _require_nothing(out)
    with removing_on_failure(out):
        return Exported(out, "onnx", export_onnx(model, config, out), "onnxruntime")


def _require_nothing(out: Path) -> None:
    if out.exists():
        raise UserError(f"{out} exists already: choose another file")


FORMATS: dict[str, Callable[..., Exported]] = {"hf": export_to_folder, "gguf": export_to_gguf, "onnx": export_to_onnx}
"""From the name of a format to its export."""
