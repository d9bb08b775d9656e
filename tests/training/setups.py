"""Small things to learn, and those who learn them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cutaway.config.model import ModelConfig
from cutaway.config.train import TrainConfig
from cutaway.data.text.shards import TokenStream
from cutaway.data.text.windows import InputsAndTargets, RandomWindows, SequentialWindows
from cutaway.model.build import build
from cutaway.model.run_folder import RunFolder
from cutaway.model.transformer import DecoderOnly
from cutaway.tasks.base import TrainingData
from cutaway.tasks.language_modeling.task import LanguageModeling
from cutaway.training.callbacks import Callback
from cutaway.training.loop import Trainer

VOCABULARY, CONTEXT, WIDTH, LAYERS = 11, 7, 16, 2


class Fixed:
    """The same batches again and again."""

    def __init__(self, *batches: InputsAndTargets) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> InputsAndTargets:
        return self._batches[index % len(self._batches)]


def small_model(seed: int = 0, **choices: Any) -> DecoderOnly:
    config = {
        "vocabulary": VOCABULARY,
        "context": CONTEXT,
        "width": WIDTH,
        "layers": LAYERS,
        "attention": {"heads": 2},
        **choices,
    }
    return build(ModelConfig.model_validate(config), seed=seed)


def tokens(count: int, seed: int = 0) -> TokenStream:
    """Each is one or two more than the one before: there is something to learn, but not everything."""
    steps = np.random.default_rng(seed).integers(1, 3, size=count)
    return TokenStream([(np.cumsum(steps) % VOCABULARY).astype(np.uint16)])


def windows(count: int, *, seed: int = 0, batch_size: int = 3) -> SequentialWindows:
    return SequentialWindows(tokens(count, seed), CONTEXT, batch_size)


def training_data(*, seed: int = 0, batch_size: int = 4, validation: bool = True) -> TrainingData:
    training = RandomWindows(tokens(500), CONTEXT, batch_size, seed)
    return TrainingData(LanguageModeling(), training, windows(90, seed=5) if validation else None)


def trainer(
    folder: Path,
    model: torch.nn.Module | None = None,
    content: TrainingData | None = None,
    callbacks: Sequence[Callback] = (),
    **choices: Any,
) -> Trainer:
    """Trains on the CPU in full precision, at a constant rate and unclipped, unless told otherwise."""
    plain = {"precision": "fp32", "device": "cpu", "schedule": "constant", "gradient_clip": None, "batch_size": 4}
    config = TrainConfig.model_validate(plain | choices)
    return Trainer(
        model or small_model(), content or training_data(seed=config.seed), config, RunFolder(folder), callbacks
    )


def weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """Whether all tensors are equal, bit for bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
