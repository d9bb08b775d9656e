"""Small encoder-decoders whose choices are clear, and sources of different lengths for them."""

from typing import Any

import torch
from torch import Tensor

from cutaway.config.model import ModelConfig
from cutaway.model.build import build
from cutaway.model.transformer import EncoderDecoder
from cutaway.nn.attention import Attention
from cutaway.nn.latent import LatentAttention
from variants import HIDDEN, VOCABULARY

BEGIN, END = 2, 3
LENGTHS = [9, 4, 6, 1, 7]


def translator(**choices: Any) -> EncoderDecoder:
    """A model of this kind. Every weight is random, so that none can be left out unnoticed; ends are likely."""
    attention = {"heads": 3, "head_width": 6, "kv_heads": 3, "bias": True, "out_bias": True}
    config = {
        "architecture": "encoder_decoder",
        "vocabulary": VOCABULARY,
        "context": 31,
        "width": 20,
        "layers": 2,
        "encoder_layers": 1,
        "feedforward": {"kind": "dense", "hidden": HIDDEN},
        "attention": attention,
        "head": {"tied": False, "bias": True},
        **choices,
    }
    model = build(ModelConfig.model_validate(config))
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel()))
        for module in model.modules():
            if isinstance(module, Attention | LatentAttention):
                module.out.weight *= 2  # what is looked at matters
        model.head.projection.weight *= 2
        model.head.projection.bias[END] += 3
    assert isinstance(model, EncoderDecoder)
    return model.eval().requires_grad_(False)


def sources(vocabulary: int = VOCABULARY) -> tuple[Tensor, Tensor]:
    """Random ids, padded on the right, and their mask."""
    tokens = torch.randint(vocabulary, (len(LENGTHS), max(LENGTHS)), generator=torch.Generator().manual_seed(6))
    return tokens, torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
