"""From a model's config to the model: the only file that reads one. Each choice is a table from kind to constructor."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from cutaway.config.attention import GroupedConfig, LatentConfig
from cutaway.config.embedding import EmbeddingConfig, FrameEmbeddingConfig, PatchEmbeddingConfig, TokenEmbeddingConfig
from cutaway.config.feedforward import ExpertsConfig
from cutaway.config.head import LanguageHeadConfig, SequenceHeadConfig, TokenHeadConfig
from cutaway.config.model import ModelConfig
from cutaway.errors import UserError
from cutaway.model.ahead import Ahead
from cutaway.model.block import AnyAttention, Block, ParallelBlock
from cutaway.model.heads import POOLINGS, Head, LanguageHead, SequenceHead, TokenHead, Transform
from cutaway.model.init import initialise
from cutaway.model.stack import Sight, Stack
from cutaway.model.transformer import DecoderOnly, EncoderDecoder, EncoderOnly, Transformer
from cutaway.nn.attend import Scoring
from cutaway.nn.attention import Attention, Heads
from cutaway.nn.balance import BalanceByBias, BalanceByLoss, NoBalance
from cutaway.nn.embeddings import Embedding, FrameEmbedding, PatchEmbedding, TokenEmbedding
from cutaway.nn.experts import GATES, Experts, Routing
from cutaway.nn.feedforward import ACTIVATIONS, Dense, Gated
from cutaway.nn.latent import LatentAttention, LatentHeads
from cutaway.nn.norms import LayerNorm, RMSNorm
from cutaway.nn.positions import ALiBi, Learned, LearnedGrid, RelativeBias, Rotary, ShortestPathBias, Sinusoidal
from cutaway.nn.residual import PostNorm, PreNorm, Sandwich

Make = Callable[..., Any]


def build(config: ModelConfig, *, seed: int = 0) -> Transformer:
    """Builds a model with fresh weights, which depend on the seed alone. Torch's own random state is left as it was.

    Inside ``with torch.device("meta")`` nothing is allocated: for counting.

    Raises:
        UserError: the size of the vocabulary or the number of labels is not given.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Transformer = _MODELS[config.architecture](config)
        if not model.head.weight.is_meta:
            initialise(model)
    return model


def _decoder_only(c: ModelConfig) -> DecoderOnly:
    table = _table(c, c.vocabulary)
    decoder = _stack(c, _embedding(c, c.embedding, table), causal=True)
    ahead = [Ahead(table, _BLOCKS[c.residual](c, False), (_norm(c), _norm(c), _norm(c))) for _ in range(c.ahead)]
    return DecoderOnly(decoder, _head(c, table), ahead)


def _encoder_only(c: ModelConfig) -> EncoderOnly:
    table = _table(c, c.vocabulary) if c.embedding.kind == "tokens" else None
    return EncoderOnly(_stack(c, _embedding(c, c.embedding, table), causal=False), _head(c, table))


def _encoder_decoder(c: ModelConfig) -> EncoderDecoder:
    table = _table(c, c.vocabulary)
    source_table = table if c.source_vocabulary is None else _table(c, c.source_vocabulary)
    read = _embedding(c, c.source_embedding or c.embedding, source_table)
    encoder = _stack(c.model_copy(update={"layers": c.encoder_layers or c.layers}), read, causal=False)
    decoder = _stack(c, _embedding(c, c.embedding, table), causal=True, across=True)
    return EncoderDecoder(encoder, decoder, _head(c, table))


def _table(c: ModelConfig, vocabulary: int | None) -> nn.Parameter:
    """A vector for each token, which embeddings and heads may share."""
    if vocabulary is None:
        raise UserError("the model's vocabulary is not known without a tokenizer: give model.vocabulary")
    return nn.Parameter(torch.empty(vocabulary, c.width))


def _stack(c: ModelConfig, embed: Embedding, *, causal: bool, across: bool = False) -> Stack:
    kind = c.position.kind
    is_limited = kind == "learned" and not isinstance(embed, PatchEmbedding)  # whose positions are interpolated
    return Stack(
        embed,
        [_BLOCKS[c.residual](_layer(c, i), across) for i in range(c.layers)],
        _norm(c) if c.final_norm else nn.Identity(),
        Sight(causal=causal, window=c.attention.window, limit=c.context if is_limited else None),
        rotary=_ROTARY[kind](c) if kind in _ROTARY else None,
        biases=_BIASES[kind](c, causal) if kind in _BIASES else None,
    )


def _layer(c: ModelConfig, i: int) -> ModelConfig:
    """The choices of one layer: the first ones may have another feed-forward network."""
    first = c.first_layers
    return c if first is None or i >= first.count else c.model_copy(update={"feedforward": first.feedforward})


def _embedding(c: ModelConfig, e: EmbeddingConfig, table: nn.Parameter | None) -> Embedding:
    embedding: Embedding = _EMBEDDINGS[e.kind](c, e, table)
    return embedding


def _of_tokens(c: ModelConfig, e: TokenEmbeddingConfig, table: nn.Parameter) -> TokenEmbedding:
    return TokenEmbedding(
        table,
        scale=math.sqrt(c.width) if e.scaled else 1.0,
        segments=e.segments,
        positions=_ADDED[c.position.kind](c) if c.position.kind in _ADDED else None,
        norm=_norm(c) if e.norm else None,
        dropout=c.dropout,
    )


def _of_patches(c: ModelConfig, e: PatchEmbeddingConfig, table: nn.Parameter | None) -> PatchEmbedding:
    if e.channels is None or e.height is None or e.width is None:
        raise UserError("the size of pictures is not known without data: give channels, height and width of patches")
    rows, columns = e.height // e.patch, e.width // e.patch
    grid = LearnedGrid(rows, columns, c.width, before=int(e.cls)) if c.position.kind == "learned" else None
    norm = _norm(c) if e.norm else None
    return PatchEmbedding(c.width, e.patch, e.channels, cls=e.cls, grid=grid, norm=norm, dropout=c.dropout)


def _of_frames(c: ModelConfig, e: FrameEmbeddingConfig, table: nn.Parameter | None) -> FrameEmbedding:
    positions = _ADDED[c.position.kind](c) if c.position.kind in _ADDED else None
    return FrameEmbedding(c.width, e.bins, positions=positions, norm=_norm(c) if e.norm else None, dropout=c.dropout)


def _head(c: ModelConfig, table: nn.Parameter | None) -> Head:
    head: Head = _HEADS[c.head.kind](c, c.head, table)
    return head


def _language_head(c: ModelConfig, h: LanguageHeadConfig, table: nn.Parameter) -> LanguageHead:
    weight = table if h.tied else nn.Parameter(torch.empty_like(table))
    transform = Transform(c.width, ACTIVATIONS[h.transform], _norm(c)) if h.transform else None
    return LanguageHead(weight, bias=h.bias, softcap=h.softcap, transform=transform)


def _sequence_head(c: ModelConfig, h: SequenceHeadConfig, table: nn.Parameter | None) -> SequenceHead:
    return SequenceHead(c.width, _labels(h), POOLINGS[h.pooling], hidden=h.hidden, dropout=c.dropout)


def _token_head(c: ModelConfig, h: TokenHeadConfig, table: nn.Parameter | None) -> TokenHead:
    return TokenHead(c.width, _labels(h), dropout=c.dropout)


def _labels(h: SequenceHeadConfig | TokenHeadConfig) -> int:
    if h.labels is None:
        raise UserError("the number of labels is not known without data: give model.head.labels")
    return h.labels


def _attention(c: ModelConfig, *, across: bool = False) -> AnyAttention:
    attention: AnyAttention = _ATTENTIONS[c.attention.kind](c, c.attention, across)
    return attention


def _grouped(c: ModelConfig, a: GroupedConfig, across: bool) -> Attention:
    width = _head_width(c)
    return Attention(
        c.width,
        Heads(a.heads, a.kv_heads or a.heads, width),
        Scoring(scale=width**-0.5, softcap=a.softcap),
        bias=a.bias,
        out_bias=a.out_bias,
        norms=(_norm(c, width), _norm(c, width)) if a.qk_norm else None,
        rotary=c.position.kind in _ROTARY and not across,
        dropout=a.dropout,
    )


def _latent(c: ModelConfig, a: LatentConfig, across: bool) -> LatentAttention:
    heads = _latent_heads(c, a)
    return LatentAttention(
        c.width,
        heads,
        Scoring(scale=(heads.width + heads.rotary) ** -0.5, softcap=a.softcap),
        (nn.Identity() if heads.query_rank is None else _norm(c, heads.query_rank), _norm(c, heads.rank)),
        bias=a.bias,
        out_bias=a.out_bias,
        rotary=c.position.kind in _ROTARY and not across,
        dropout=a.dropout,
    )


def _latent_heads(c: ModelConfig, a: LatentConfig) -> LatentHeads:
    width = _head_width(c)
    rotary, value, rank = a.rotary_width or 2 * math.ceil(width / 4), a.value_width or width, a.latent_rank or 4 * width
    return LatentHeads(a.heads, width, rotary, value, rank, a.query_rank)


def _block(residual: Make) -> Make:
    """A block whose sublayers each have a residual connection of this kind."""

    def make(c: ModelConfig, across: bool) -> Block:
        return Block(
            _attention(c),
            _feedforward(c),
            residual(c),
            residual(c),
            cross_attention=_attention(c, across=True) if across else None,
            cross_attention_residual=residual(c) if across else None,
        )

    return make


def _parallel_block(c: ModelConfig, across: bool) -> ParallelBlock:
    cross_attention = _attention(c, across=True) if across else None
    return ParallelBlock(_attention(c), _feedforward(c), _norm(c), cross_attention=cross_attention, dropout=c.dropout)


def _head_width(c: ModelConfig) -> int:
    return c.attention.head_width or c.width // c.attention.heads


def _norm(c: ModelConfig, width: int | None = None) -> nn.Module:
    return _NORMS[c.norm.kind](c.norm, width or c.width)


def _feedforward(c: ModelConfig) -> nn.Module:
    return _FEEDFORWARDS[c.feedforward.kind](c, c.feedforward)


def _pre(c: ModelConfig) -> nn.Module:
    return PreNorm(_norm(c), dropout=c.dropout)


def _post(c: ModelConfig) -> nn.Module:
    return PostNorm(_norm(c), dropout=c.dropout)


def _sandwich(c: ModelConfig) -> nn.Module:
    return Sandwich(_norm(c), _norm(c), dropout=c.dropout)


def _experts(c: ModelConfig, f: ExpertsConfig) -> Experts:
    hidden = f.hidden or 8 * math.ceil(c.width / 3 / (f.chosen + f.shared))
    groups = f.groups or 1

    def expert(count: int = 1) -> Gated:
        return Gated(c.width, count * hidden, ACTIVATIONS[f.activation], dropout=c.dropout)

    return Experts(
        c.width,
        [expert() for _ in range(f.experts)],
        expert(f.shared) if f.shared else None,
        Routing(GATES[f.gate], f.chosen, groups, f.groups_chosen or groups, f.normalised, f.scale),
        _BALANCES[f.balance](f),
    )


_NORMS: dict[str, Make] = {
    "layer": lambda n, width: LayerNorm(width, epsilon=n.epsilon, weight=n.weight, bias=n.bias),
    "rms": lambda n, width: RMSNorm(width, epsilon=n.epsilon, weight=n.weight),
}
_ATTENTIONS: dict[str, Make] = {"grouped": _grouped, "latent": _latent}
_FEEDFORWARDS: dict[str, Make] = {
    "dense": lambda c, f: Dense(
        c.width, f.hidden or 4 * c.width, ACTIVATIONS[f.activation], bias=f.bias, dropout=c.dropout
    ),
    "gated": lambda c, f: Gated(
        c.width, f.hidden or 8 * math.ceil(c.width / 3), ACTIVATIONS[f.activation], bias=f.bias, dropout=c.dropout
    ),
    "experts": _experts,
}
_BALANCES: dict[str, Make] = {
    "none": lambda f: NoBalance(),
    "loss": lambda f: BalanceByLoss(f.balance_weight),
    "bias": lambda f: BalanceByBias(f.experts, f.balance_rate),
}
_EMBEDDINGS: dict[str, Make] = {"tokens": _of_tokens, "patches": _of_patches, "frames": _of_frames}
_ADDED: dict[str, Make] = {
    "sinusoidal": lambda c: Sinusoidal(c.width, base=c.position.base),
    "learned": lambda c: Learned(c.context, c.width),
}
_ROTARY: dict[str, Make] = {
    "rotary": lambda c: Rotary(_ROTATED[c.attention.kind](c), base=c.position.base),
}
_ROTATED: dict[str, Make] = {
    "grouped": _head_width,
    "latent": lambda c: _latent_heads(c, c.attention).rotary,
}
_BIASES: dict[str, Make] = {
    "alibi": lambda c, causal: ALiBi(c.attention.heads),
    "relative": lambda c, causal: RelativeBias(
        c.attention.heads, buckets=c.position.buckets, distance=c.position.distance, bidirectional=not causal
    ),
    "shortest_path": lambda c, causal: ShortestPathBias(c.attention.heads, c.position.longest),
}
_BLOCKS: dict[str, Make] = {
    "pre": _block(_pre),
    "post": _block(_post),
    "sandwich": _block(_sandwich),
    "parallel": _parallel_block,
}
_HEADS: dict[str, Make] = {
    "language": _language_head,
    "sequence": _sequence_head,
    "token": _token_head,
}
_MODELS: dict[str, Make] = {
    "decoder": _decoder_only,
    "encoder": _encoder_only,
    "encoder_decoder": _encoder_decoder,
}
