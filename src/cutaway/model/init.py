"""How the weights of a fresh model are initialised.

| weights                                    | standard std                                          |
|--------------------------------------------|-------------------------------------------------------------|
| key, value, up, gate, dense, patch         | 1/√inputs, which keeps the size of the input                |
| query                                      | the same, times 1/√head width over the scale of scores      |
| attention's and feed-forward's last matrix | 1/√(inputs · sublayers), which keeps that of a stack's sum  |
| embeddings of tokens, positions, segments  | 1/√width; 1/width where the head shares the embedding       |
| positions of a grid, class vector          | 1: as large as the patches                                  |
| tables of n-grams                          | 0                                                           |
| free head                                  | 0.1/√width                                                  |
| biases of distances                        | 0.02                                                        |
| every other bias                           | 0 (norm weights: 1)                                         |

The loss of a fresh model is ln V. That holds for a tied head only if embeddings are small: after a final norm, the
logit of the input token is about √width · |embedding|, so with the usual 0.02 or 1/√width a fresh model predicts its
own input with high confidence.
"""

from functools import singledispatch

import torch
from torch import nn

from cutaway.model.block import AnyAttention, AnyBlock
from cutaway.model.heads import EmbeddingHead, Head, LanguageHead, SequenceHead, TokenHead, Transform
from cutaway.model.multi_token_prediction import MultiTokenPrediction
from cutaway.model.stack import Stack
from cutaway.model.transformer import Transformer
from cutaway.nn.attention import Attention
from cutaway.nn.embeddings import FrameEmbedding, PatchEmbedding, TokenEmbedding
from cutaway.nn.experts import Experts
from cutaway.nn.feedforward import Dense, Gated
from cutaway.nn.latent import LatentAttention
from cutaway.nn.ngrams import NGram
from cutaway.nn.positions import Learned, LearnedGrid, RelativeBias, ShortestPathBias


@torch.no_grad()
def initialise(model: Transformer) -> None:
    """Initialises all weights, from torch's global generator."""
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
    """The number of sublayers that add to the residual stream; experts are parts of one."""
    blocks = [module for module in part.modules() if isinstance(module, AnyBlock)]
    sublayers = [module for block in blocks for module in block.children()]
    return sum(isinstance(module, AnyAttention | Dense | Gated | Experts) for module in sublayers)


def draw_small(embed: TokenEmbedding) -> None:
    """Initialises an embedding that the head shares; what is added to it is as large as the embedded tokens."""
    size = 1 / embed.tokens.embedding_dim
    embed.tokens.weight.normal_(std=size)
    if isinstance(embed.positions, Learned):
        embed.positions.weight.normal_(std=size * embed.scale)
    if embed.segments is not None:
        embed.segments.weight.normal_(std=size * embed.scale)


@singledispatch
def draw(module: nn.Module, branches: int) -> None:
    """Initialises the weights that a kind of module owns itself."""


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
    for projection in (module.token_projection, module.projection):
        if isinstance(projection, nn.Linear):
            draw_linear(projection)


@draw.register
def _(module: NGram, branches: int) -> None:
    module.table.weight.zero_()
    if isinstance(module.projection, nn.Linear):
        draw_linear(module.projection)


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
    if isinstance(module.transform, nn.Linear):
        draw_linear(module.transform)
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
    """Initialises the layer of queries, so that scores are as large as with the usual scale."""
    draw_linear(attention.query)
    attention.query.weight.mul_(attention.query_size)


def draw_table(table: nn.Embedding) -> None:
    """Initialises an embedding whose vectors have a length of about one."""
    table.weight.normal_(std=table.embedding_dim**-0.5)


def draw_linear(linear: nn.Linear, branches: int = 1) -> None:
    """Initialises a matrix whose output is as large as its input, or as the sum over this many branches."""
    linear.weight.normal_(std=(linear.in_features * branches) ** -0.5)
    if linear.bias is not None:
        linear.bias.zero_()
