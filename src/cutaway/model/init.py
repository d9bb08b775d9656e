"""How a fresh model's weights are drawn.

| weights                                    | standard std                                          |
|--------------------------------------------|-------------------------------------------------------------|
| key, value, up, gate, dense, patch         | 1/√inputs: what is read keeps its size                      |
| query                                      | the same, times 1/√head width over the scale of scores      |
| attention's and feed-forward's last matrix | 1/√(inputs · sublayers): so does the sum of all of a stack  |
| embeddings of tokens, positions, segments  | 1/√width; 1/width where the head shares the embedding       |
| places of a grid, class vector of patches  | 1: as large as the patches                                  |
| free head                                  | 0.1/√width                                                  |
| biases of distances                        | 0.02                                                        |
| every other bias                           | 0 (norm weights: 1)                                         |

A fresh model then knows nothing and says so: its loss is ln V. That holds for a tied head only if embeddings are small:
after a final norm, the logit of the token just read is about √width · |embedding|, so with the customary 0.02 or
1/√width a fresh net predicts its own input with great confidence.
"""

from functools import singledispatch

import torch
from torch import nn

from cutaway.model.block import AnyAttention, Block, ParallelBlock
from cutaway.model.heads import EmbeddingHead, Head, LanguageHead, SequenceHead, TokenHead, Transform
from cutaway.model.multi_token_prediction import MultiTokenPrediction
from cutaway.model.stack import Stack
from cutaway.model.transformer import Transformer
from cutaway.nn.attention import Attention
from cutaway.nn.embeddings import FrameEmbedding, PatchEmbedding, TokenEmbedding
from cutaway.nn.experts import Experts
from cutaway.nn.feedforward import Dense, Gated
from cutaway.nn.latent import LatentAttention
from cutaway.nn.positions import Learned, LearnedGrid, RelativeBias, ShortestPathBias


@torch.no_grad()
def initialise(model: Transformer) -> None:
    """Draws all weights anew, from torch's global generator."""
    for part in model.children():
        branches = count_branches(part)
        for module in part.modules():
            draw(module, branches)
    for part in model.children():
        if isinstance(part, Stack) and isinstance(part.embed, TokenEmbedding) and _is_shared(part.embed, model.head):
            draw_small(part.embed)


def _is_shared(embed: TokenEmbedding, head: Head) -> bool:
    return isinstance(head, LanguageHead) and embed.tokens.weight is head.projection.weight


def count_branches(part: nn.Module) -> int:
    """How many sublayers of its blocks add to the stream; an expert is but a part of one."""
    blocks = [module for module in part.modules() if isinstance(module, Block | ParallelBlock)]
    sublayers = [module for block in blocks for module in block.children()]
    return sum(isinstance(module, AnyAttention | Dense | Gated | Experts) for module in sublayers)


def draw_small(embed: TokenEmbedding) -> None:
    """Draws an embedding that the head shares; what is added to it is as large as tokens are when they enter."""
    size = 1 / embed.tokens.embedding_dim
    embed.tokens.weight.normal_(std=size)
    if isinstance(embed.positions, Learned):
        embed.positions.weight.normal_(std=size * embed.scale)
    if embed.segments is not None:
        embed.segments.weight.normal_(std=size * embed.scale)


@singledispatch
def draw(module: nn.Module, branches: int) -> None:
    """Draws the weights that a kind of module owns; most own none."""


@draw.register
def _(module: Attention, branches: int) -> None:
    draw_query(module)
    for linear in (module.key, module.value):
        draw_linear(linear)
    draw_linear(module.out, branches=branches)


@draw.register
def _(module: LatentAttention, branches: int) -> None:
    draw_query(module)
    for linear in (module.latent_down, module.rotary_key, module.key, module.value):
        draw_linear(linear)
    if isinstance(module.query_down, nn.Linear):
        draw_linear(module.query_down)
    draw_linear(module.out, branches=branches)


@draw.register
def _(module: Dense, branches: int) -> None:
    draw_linear(module.up)
    draw_linear(module.down, branches=branches)


@draw.register
def _(module: Gated, branches: int) -> None:
    draw_linear(module.up)
    draw_linear(module.gate)
    draw_linear(module.down, branches=branches)


@draw.register
def _(module: Experts, branches: int) -> None:
    draw_linear(module.router)


@draw.register
def _(module: MultiTokenPrediction, branches: int) -> None:
    draw_linear(module.project)


@draw.register
def _(module: TokenEmbedding, branches: int) -> None:
    draw_table(module.tokens)
    if module.segments is not None:
        draw_table(module.segments)


@draw.register
def _(module: PatchEmbedding, branches: int) -> None:
    draw_linear(module.projection)
    if module.cls is not None:
        module.cls.normal_()


@draw.register
def _(module: FrameEmbedding, branches: int) -> None:
    draw_linear(module.projection)


@draw.register
def _(module: Learned, branches: int) -> None:
    draw_table(module)


@draw.register
def _(module: LearnedGrid, branches: int) -> None:
    for weight in module.parameters():
        weight.normal_()


@draw.register(RelativeBias)
@draw.register(ShortestPathBias)
def _(module: RelativeBias | ShortestPathBias, branches: int) -> None:
    module.table.weight.normal_(std=0.02)


@draw.register(LanguageHead)
@draw.register(SequenceHead)
@draw.register(TokenHead)
def _(module: LanguageHead | SequenceHead | TokenHead, branches: int) -> None:
    draw_linear(module.projection)
    module.projection.weight.mul_(0.1)
    if isinstance(module, SequenceHead) and module.dense is not None:
        draw_linear(module.dense)


@draw.register
def _(module: EmbeddingHead, branches: int) -> None:
    if module.dense is not None:
        draw_linear(module.dense)


@draw.register
def _(module: Transform, branches: int) -> None:
    draw_linear(module.dense)


def draw_query(attention: AnyAttention) -> None:
    """Draws what makes queries, so that scores are as large as with the customary scale."""
    draw_linear(attention.query)
    attention.query.weight.mul_(attention.query_size)


def draw_table(table: nn.Embedding) -> None:
    """Draws the vectors of an embedding so that each has about length one."""
    table.weight.normal_(std=table.embedding_dim**-0.5)


def draw_linear(linear: nn.Linear, branches: int = 1) -> None:
    """Draws a matrix so that its output is as large as its input, or as one of so many branches that are added up."""
    linear.weight.normal_(std=(linear.in_features * branches) ** -0.5)
    if linear.bias is not None:
        linear.bias.zero_()
