"""Estimates before a run starts: sizes that its data will determine, and the cost of its steps."""

import statistics
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.config.tokenizer import (
    ByteTokenizer,
    CharTokenizer,
    FileTokenizer,
    OriginTokenizer,
    ProteinTokenizer,
    TokenizerConfig,
)
from cutaway.config.train import TrainConfig
from cutaway.data.text import python_docs
from cutaway.data.text.scan import scan_source
from cutaway.data.text.sources import open_source
from cutaway.errors import UserError
from cutaway.model.cost import saved_for_backward
from cutaway.model.device import autocast, choose_precision, device_of
from cutaway.model.run_folder import RunFolder
from cutaway.tasks.base import TrainingData
from cutaway.tasks.dataset import shares_vocabulary, with_labels, with_model
from cutaway.tasks.example_task import ExampleTask
from cutaway.tasks.task import task_of
from cutaway.text.amino_acids import AMINO_ACIDS
from cutaway.text.tokenizer import Tokenizer
from cutaway.training.loop import Trainer
from cutaway.training.optimizers import balance_biases, block_matrices

BYTES = 256
SIDE, COLOURS = 14, 3
"""Patches per side of an image, and its channels."""


def with_expected_sizes(config: RunConfig) -> RunConfig:
    """Fills in the vocabulary size, the number of labels and the size of images where they are not chosen.

    A trained tokenizer may end with fewer tokens than requested; special tokens of characters, bytes and amino acids
    are not counted. Two labels are assumed unless the task determines their number, and images of 14 × 14 patches with
    three channels.
    """
    config = _with_images(config)
    model = config.model
    if model.vocabulary is None and config.task.spec.has_text:
        config = with_model(config, vocabulary=_expected(config, config.tokenizer))
    if config.source_tokenizer is not None and model.source_vocabulary is None and not shares_vocabulary(config):
        config = with_model(config, source_vocabulary=_expected(config, config.source_tokenizer))
    if model.head.kind in ("sequence", "token") and model.head.labels is None:
        config = with_labels(config, task_of(config).expected_labels())
    return config


def _with_images(config: RunConfig) -> RunConfig:
    """Fills in the size of images, and the number of vectors that an encoder reads per image."""
    for key in ("embedding", "source_embedding"):
        embedding = getattr(config.model, key)
        if isinstance(embedding, PatchEmbeddingConfig):
            side = SIDE * embedding.patch
            height, width = embedding.height or side, embedding.width or side
            size = {"height": height, "width": width, "channels": embedding.channels or COLOURS}
            config = with_model(config, **{key: embedding.model_copy(update=size)})
            if key == "embedding":
                patches = (height // embedding.patch) * (width // embedding.patch)
                config = with_model(config, context=patches + embedding.cls)
    return config


def _expected(config: RunConfig, tokenizer: TokenizerConfig) -> int:
    if (known := task_of(config).expected_vocabulary()) is not None:
        return known
    match tokenizer:
        case CharTokenizer():
            return _count_characters(config, of_source=tokenizer is config.source_tokenizer)
        case ByteTokenizer():
            return BYTES
        case ProteinTokenizer():
            return len(AMINO_ACIDS)
        case FileTokenizer(path=path):
            return Tokenizer.load(path).vocabulary
        case OriginTokenizer():
            raise UserError("a fine-tuned model keeps its tokenizer: remove model.vocabulary")
        case learnt:
            return learnt.vocabulary


def _count_characters(config: RunConfig, *, of_source: bool) -> int:
    """The number of different characters of a text, or of the texts of examples on one side or on both."""
    task = task_of(config)
    if not isinstance(task, ExampleTask) or config.data.path == python_docs.NAME:
        with open_source(config.data) as source:
            scan, alphabet = scan_source(source, lambda done, total: None)
        return len(alphabet) + (scan.documents > 1)
    characters: set[str] = set()
    for example in task.read(Path(config.data.path).expanduser(), config.data, Counter()):
        read, written = task.texts(example)
        sides = (read, written) if config.source_tokenizer is None else (read,) if of_source else (written,)
        characters.update(*(text for side in sides for text in side))
    return len(characters)


@dataclass(frozen=True)
class StepCost:
    """The measured cost of a training step.

    Attributes:
        seconds_per_step: the median; without the first step, which warms up, if there are several.
        activations: bytes that the forward pass of one micro-batch keeps for the backward pass.
    """

    seconds_per_step: float
    activations: int


def measure_steps(
    model: nn.Module, config: TrainConfig, part: TrainingData, *, steps: int = 4, patience: float = 30.0
) -> StepCost:
    """Trains a throwaway model for a few steps; its weights change.

    With gradient accumulation, one micro-batch is measured and multiplied.

    Args:
        model: of the run's shape.
        config: of the run.
        part: training data in batches of the size of a micro-batch.
        steps: the number of steps, fewer if `patience` seconds pass before.
        patience: seconds after which no further step starts.
    """
    trainer = Trainer(model, part, config.model_copy(update={"gradient_accumulation": 1}), RunFolder(Path()))
    device = device_of(model)
    batch = part.objective.collate(part.training[0], device)
    with autocast(device, choose_precision(config.precision, device)):
        activations = saved_for_backward(model, lambda: part.objective.loss(model, batch)[0])
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < steps and (not times or time.perf_counter() - began < patience):
        start = time.perf_counter()
        trainer.step(len(times), 1.0)
        times.append(time.perf_counter() - start)
    return StepCost(statistics.median(times[1:] or times) * config.gradient_accumulation, activations)


def optimizer_tensors(config: TrainConfig, model: nn.Module) -> dict[str, int]:
    """The number of tensors of its own size that the optimizer keeps for each weight; 0 for a frozen one."""
    single = block_matrices(model) if config.optimizer.kind == "muon" else {}
    fewer = dict.fromkeys(single, 1) | dict.fromkeys(balance_biases(model), 0)
    return {name: fewer.get(name, 2) if weight.requires_grad else 0 for name, weight in model.named_parameters()}
