"""From a model's config to the model, assembled from the modules of `parts`."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from cutaway.config.layers import encoder, layer
from cutaway.config.model import ModelConfig
from cutaway.model.block import Block, ParallelBlock, ParallelNormsBlock
from cutaway.model.init import initialise
from cutaway.model.multi_token_prediction import MultiTokenPrediction
from cutaway.model.parts.attention import make_attention
from cutaway.model.parts.embedding import make_embedding, make_table
from cutaway.model.parts.feedforward import make_feedforward
from cutaway.model.parts.head import make_head
from cutaway.model.parts.norm import make_norm
from cutaway.model.parts.position import make_biases, make_rotary
from cutaway.model.stack import Reach, Stack
from cutaway.model.transformer import DecoderOnly, EncoderDecoder, EncoderOnly, Transformer
from cutaway.nn.embeddings import Embedding, PatchEmbedding
from cutaway.nn.residual import PostNorm, PreNorm, ResPostNorm, Sandwich

Make = Callable[..., Any]


def build(config: ModelConfig, *, seed: int = 0) -> Transformer:
    """Builds a model with fresh weights that depend on the seed only; torch's global random state is not changed.

    Inside ``with torch.device("meta")`` nothing is allocated.

    Raises:
        UserError: the vocabulary size or the number of labels is not given.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Transformer = _MODELS[config.architecture](config)
        if not next(model.parameters()).is_meta:
            initialise(model)
    return model


def _decoder_only(c: ModelConfig) -> DecoderOnly:
    table = make_table(c, c.vocabulary)
    decoder = _stack(c, make_embedding(c, c.embedding, table), causal=True)
    further_layer = layer(c.model_copy(update={"first_layers": None, "first_norm": True}), c.layers - 1)
    further = [
        MultiTokenPrediction(
            c.width, _BLOCKS[c.residual](further_layer, False), norms=(make_norm(c), make_norm(c), make_norm(c))
        )
        for _ in range(c.multi_token_prediction)
    ]
    return DecoderOnly(decoder, make_head(c, table), further)


def _encoder_only(c: ModelConfig) -> EncoderOnly:
    table = make_table(c, c.vocabulary) if c.embedding.kind == "tokens" else None
    return EncoderOnly(_stack(c, make_embedding(c, c.embedding, table), causal=False), make_head(c, table))


def _encoder_decoder(c: ModelConfig) -> EncoderDecoder:
    table = make_table(c, c.vocabulary)
    source_table = table if c.source_vocabulary is None else make_table(c, c.source_vocabulary)
    read = make_embedding(c, c.source_embedding or c.embedding, source_table)
    decoder = _stack(c, make_embedding(c, c.embedding, table), causal=True, across=True)
    return EncoderDecoder(_stack(encoder(c), read, causal=False), decoder, make_head(c, table))


def _stack(c: ModelConfig, embed: Embedding, *, causal: bool, across: bool = False) -> Stack:
    # The positions of a grid are interpolated for larger images.
    is_limited = c.position.kind == "learned" and not isinstance(embed, PatchEmbedding)
    layers = [layer(c, i) for i in range(c.layers)]
    return Stack(
        embed,
        [_BLOCKS[c.residual](each, across) for each in layers],
        make_norm(c) if c.final_norm else nn.Identity(),
        _reaches(layers, causal),
        max_positions=c.context if is_limited else None,
        across=across,
        biases=make_biases(c, causal),
    )


def _reaches(layers: list[ModelConfig], causal: bool) -> list[Reach]:
    """The reach of each layer: those with the same window and positions share one, which is computed once."""
    made: dict[tuple[int | None, str], Reach] = {}
    for c in layers:
        key = (c.attention.window, repr(c.position))
        if key not in made:
            made[key] = Reach(causal, c.attention.window, make_rotary(c))
    return [made[c.attention.window, repr(c.position)] for c in layers]


def _block(residual: Make) -> Make:
    """A block whose sublayers have residual connections of this kind."""

    def make(c: ModelConfig, across: bool) -> Block:
        return Block(
            make_attention(c),
            make_feedforward(c),
            residual(c) if c.first_norm else PreNorm(nn.Identity(), dropout=c.dropout),
            residual(c),
            cross_attention=make_attention(c, across=True) if across else None,
            cross_attention_residual=residual(c) if across else None,
        )

    return make


def _parallel_block(c: ModelConfig, across: bool) -> ParallelBlock:
    cross_attention = make_attention(c, across=True) if across else None
    return ParallelBlock(
        make_attention(c), make_feedforward(c), make_norm(c), cross_attention=cross_attention, dropout=c.dropout
    )


def _parallel_norms_block(c: ModelConfig, across: bool) -> ParallelNormsBlock:
    return ParallelNormsBlock(
        make_attention(c),
        make_feedforward(c),
        make_norm(c),
        make_norm(c),
        cross_attention=make_attention(c, across=True) if across else None,
        cross_attention_norm=make_norm(c) if across else None,
        dropout=c.dropout,
    )


def _pre(c: ModelConfig) -> nn.Module:
    return PreNorm(make_norm(c), dropout=c.dropout)


def _post(c: ModelConfig) -> nn.Module:
    return PostNorm(make_norm(c), dropout=c.dropout)


def _sandwich(c: ModelConfig) -> nn.Module:
    return Sandwich(make_norm(c), make_norm(c), dropout=c.dropout)


def _res_post(c: ModelConfig) -> nn.Module:
    return ResPostNorm(make_norm(c), dropout=c.dropout)


_BLOCKS: dict[str, Make] = {
    "pre": _block(_pre),
    "post": _block(_post),
    "sandwich": _block(_sandwich),
    "res_post": _block(_res_post),
    "parallel": _parallel_block,
    "parallel_norms": _parallel_norms_block,
}
_MODELS: dict[str, Make] = {
    "decoder": _decoder_only,
    "encoder": _encoder_only,
    "encoder_decoder": _encoder_decoder,
}
