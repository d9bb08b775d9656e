"""How a fresh model's weights are drawn.

| weights                                    | standard deviation                                          |
|--------------------------------------------|-------------------------------------------------------------|
| query, key, value, up, gate                | 1/√inputs: what is read keeps its size                      |
| attention's and feed-forward's last matrix | 1/√(inputs · 2 · layers): so does the sum of all branches   |
| token embedding, learned positions         | 1/√width; 1/width where the head shares the embedding       |
| free head                                  | 0.1/√width                                                  |
| relative bias                              | 0.02                                                        |
| every other bias                           | 0 (norm weights: 1)                                         |

A fresh model then knows nothing and says so: its loss is ln V. That holds for a tied head only if embeddings are small:
after a final norm, the logit of the token just read is about √width · |embedding|, so with the customary 0.02 or
1/√width a fresh net predicts its own input with great confidence.
"""

from functools import singledispatch

import torch
from torch import nn

from cutaway.model.heads import LanguageHead
from cutaway.model.transformer import Transformer
from cutaway.nn.attention import Attention
from cutaway.nn.embeddings import TokenEmbedding
from cutaway.nn.feedforward import Dense, Gated
from cutaway.nn.positions import Learned, RelativeBias


@torch.no_grad()
def initialise(model: Transformer) -> None:
    """Draws all weights anew, from torch's global generator."""
    layers = len(model.decoder.blocks)
    for module in model.modules():
        draw(module, layers)
    if model.head.weight is model.decoder.embed.weight:
        width = model.head.weight.shape[1]
        for module in model.decoder.embed.modules():
            for weight in [module.weight] if isinstance(module, TokenEmbedding | Learned) else []:
                weight.normal_(std=1 / width / model.decoder.embed.scale)


@singledispatch
def draw(module: nn.Module, layers: int) -> None:
    """Draws the weights that a kind of module owns; most own none."""


@draw.register
def _(module: Attention, layers: int) -> None:
    for linear in (module.query, module.key, module.value):
        draw_linear(linear)
    draw_linear(module.out, branches=2 * layers)


@draw.register
def _(module: Dense, layers: int) -> None:
    draw_linear(module.up)
    draw_linear(module.down, branches=2 * layers)


@draw.register
def _(module: Gated, layers: int) -> None:
    draw_linear(module.up)
    draw_linear(module.gate)
    draw_linear(module.down, branches=2 * layers)


@draw.register
def _(module: TokenEmbedding, layers: int) -> None:
    module.weight.normal_(std=module.weight.shape[1] ** -0.5)


@draw.register
def _(module: Learned, layers: int) -> None:
    module.weight.normal_(std=module.weight.shape[1] ** -0.5)


@draw.register
def _(module: RelativeBias, layers: int) -> None:
    module.weight.normal_(std=0.02)


@draw.register
def _(module: LanguageHead, layers: int) -> None:
    module.weight.normal_(std=0.1 * module.weight.shape[1] ** -0.5)


def draw_linear(linear: nn.Linear, branches: int = 1) -> None:
    """Draws a matrix so that its output is as large as its input, or as one of so many branches that are added up."""
    linear.weight.normal_(std=(linear.in_features * branches) ** -0.5)
    if linear.bias is not None:
        linear.bias.zero_()
