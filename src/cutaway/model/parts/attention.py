"""From a choice of attention to its module."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from cutaway.config.attention import GroupedConfig, LatentConfig
from cutaway.config.explicit import head_width, latent_widths
from cutaway.config.model import ModelConfig
from cutaway.config.position import RotaryConfig
from cutaway.model.block import AnyAttention
from cutaway.model.parts.norm import make_norm
from cutaway.nn.attention import Attention, Heads, JointNorm
from cutaway.nn.dot_product import Scoring
from cutaway.nn.latent import LatentAttention, LatentHeads


def make_attention(c: ModelConfig, *, across: bool = False) -> AnyAttention:
    """Self-attention, or cross-attention, which uses no positions."""
    attention: AnyAttention = _ATTENTIONS[c.attention.kind](c, c.attention, c.position.kind == "rotary" and not across)
    return attention


def rotated_width(c: ModelConfig, p: RotaryConfig) -> int:
    """The number of channels per head that are rotated."""
    return (
        _latent_heads(c, c.attention).rotary
        if isinstance(c.attention, LatentConfig)
        else p.rotary_width or head_width(c)
    )


def _grouped(c: ModelConfig, a: GroupedConfig, rotary: bool) -> Attention:
    width = head_width(c)
    return Attention(
        c.width,
        Heads(a.heads, a.kv_heads or a.heads, width),
        Scoring(scale=a.scale or width**-0.5, softcap=a.softcap),
        bias=a.bias,
        out_bias=a.out_bias,
        norms=_qk_norms(c, a) if a.qk_norm else None,
        rotary=rotary,
        dropout=a.dropout,
    )


def _qk_norms(c: ModelConfig, a: GroupedConfig) -> tuple[nn.Module, nn.Module]:
    width = head_width(c)
    if not a.qk_norm_joint:
        return make_norm(c, width), make_norm(c, width)
    return JointNorm(make_norm(c, a.heads * width)), JointNorm(make_norm(c, (a.kv_heads or a.heads) * width))


def _latent(c: ModelConfig, a: LatentConfig, rotary: bool) -> LatentAttention:
    heads = _latent_heads(c, a)
    norm = partial(make_norm, c, epsilon=a.norm_epsilon)
    return LatentAttention(
        c.width,
        heads,
        Scoring(scale=a.scale or (heads.width + heads.rotary) ** -0.5, softcap=a.softcap),
        (nn.Identity() if heads.query_rank is None else norm(heads.query_rank), norm(heads.rank)),
        bias=a.bias,
        out_bias=a.out_bias,
        rotary=rotary,
        dropout=a.dropout,
    )


def _latent_heads(c: ModelConfig, a: LatentConfig) -> LatentHeads:
    rank, rotary, value = latent_widths(c, a)
    return LatentHeads(a.heads, head_width(c), rotary, value, rank, a.query_rank)


_ATTENTIONS: dict[str, Callable[..., Any]] = {"grouped": _grouped, "latent": _latent}
