"""Every preset in small: its equations, with few layers and narrow ones, and what such a model reads."""

from typing import Any

import pytest
import torch
from torch import Tensor

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.model import ModelConfig
from cutaway.config.reading import load_preset, override, presets
from cutaway.model.build import build
from cutaway.model.transformer import DecoderOnly, EncoderDecoder, Transformer
from cutaway.nn.cache import Cache
from cutaway.runs.plan import with_expected_sizes
from shown import shown

BATCH, TOKENS = 2, 16

SIZES = ("model.width=24", "model.layers=2", "model.context=40", "model.vocabulary=37", "model.dropout=0")
DENSE = ("model.feedforward.hidden=44", "model.attention.heads=4", "model.attention.dropout=0")
LATENT = ("query_rank=16", "latent_rank=10", "head_width=8", "rotary_width=4", "value_width=9")
EXPERTS = ("model.feedforward.experts=16", "model.first_layers.count=1", "model.first_layers.feedforward.hidden=50")


def small_config(preset: str) -> ModelConfig:
    """The choices of a preset, with other sizes."""
    run = load_preset(preset)
    choices = [*SIZES, *DENSE]
    if run.model.attention.kind == "latent":
        choices += [f"model.attention.{choice}" for choice in LATENT]
    if run.model.feedforward.kind == "experts":
        choices += EXPERTS
    if run.model.head.kind != "language":
        choices.append("model.head.labels=7")
    return with_expected_sizes(override(run, choices)).model


def small_model(config: ModelConfig) -> Transformer:
    """A model in which every weight is random, norms and biases too, so that none can be left out unnoticed."""
    model = build(config).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=generator)
    return model


def inputs(config: ModelConfig, tokens: int = TOKENS) -> tuple[Tensor, dict[str, Tensor]]:
    """So many tokens, frames, nodes or patches of each row, and as many of its source: 16, or the first of them."""
    given, others = shown(config, BATCH, TOKENS + 1)
    cut = {name: other[(slice(None), *[slice(tokens)] * (other.ndim - 1))] for name, other in others.items()}
    if config.source_embedding is not None and "source" in others:
        cut["source"] = _pixels(others["source"], config.source_embedding, tokens)
    if isinstance(config.embedding, PatchEmbeddingConfig):
        return _pixels(given, config.embedding, tokens), cut
    return given[:, :tokens], cut


def _pixels(images: Tensor, embedding: Any, patches: int) -> Tensor:
    """The corner of each image that holds 16 patches, or one."""
    side = embedding.patch * {1: 1, TOKENS: 4}[patches]
    return images[:, :, :side, :side]


def make_cache(model: Transformer, others: dict[str, Tensor]) -> Cache:
    if isinstance(model, EncoderDecoder):
        return model.make_cache(BATCH, TOKENS, model.encoder.embedding.slots(others["source"]).shape[1])
    assert isinstance(model, DecoderOnly)
    return model.make_cache(BATCH, TOKENS)


def one_by_one(model: Any, own: Transformer, tokens: Tensor, others: dict[str, Tensor]) -> Tensor:
    """Logits of some tokens at once and then of one after the other."""
    cache, pieces = make_cache(own, others), []
    for start, end in ((0, 5), *((i, i + 1) for i in range(5, TOKENS))):
        pieces.append(model(tokens[:, start:end], **(others if start == 0 else {}), cache=cache))
    return torch.cat(pieces, dim=1)


DECODERS = [preset for preset in presets() if small_config(preset).architecture != "encoder"]
"""The presets that write."""

QUICK = ("gpt-micro", "llama-nano", "deepseek-nano", "t5-nano", "caption-nano", "bert-nano", "vit-nano", "graph-nano")
EVERY_PRESET = [pytest.param(name, marks=[pytest.mark.heavy] * (name not in QUICK)) for name in presets()]
"""All presets, of which those that resemble another are for the heavy tier."""
