"""Defaults that depend on other choices."""

import math
from typing import Any, TypeVar

from cutaway.config.attention import AttentionConfig, GroupedConfig, LatentConfig
from cutaway.config.feedforward import ExpertsConfig, FeedForwardConfig
from cutaway.config.model import ModelConfig, OtherLayersConfig
from cutaway.config.position import RotaryConfig
from cutaway.config.record import Record

AnyPosition = TypeVar("AnyPosition", bound=Record)


def head_width(c: ModelConfig) -> int:
    """The width of each query, without its rotary part if that is separate."""
    return c.attention.head_width or c.width // c.attention.heads


def hidden_width(c: ModelConfig, f: FeedForwardConfig) -> int:
    """The hidden width of a feed-forward network, or of each expert."""
    if f.hidden is not None:
        return f.hidden
    if isinstance(f, ExpertsConfig):
        return 8 * math.ceil(c.width / 3 / (f.experts_per_token + f.shared))
    return 4 * c.width if f.kind == "dense" else 8 * math.ceil(c.width / 3)


def latent_widths(c: ModelConfig, a: LatentConfig) -> tuple[int, int, int]:
    """The widths of the latent, of the rotary part, and of each value."""
    width = head_width(c)
    return a.latent_rank or 4 * width, a.rotary_width or 2 * math.ceil(width / 4), a.value_width or width


def explicit(c: ModelConfig) -> ModelConfig:
    """The same model with these defaults filled in, so that equal models have equal configs."""
    c = _with_usual_layers(c)
    attention, feedforward = _attention(c), _feedforward(c, c.feedforward)
    first = c.first_layers
    if first is not None:
        first = first.model_copy(update={"feedforward": _feedforward(c, first.feedforward)})
    changes: dict[str, Any] = {"attention": attention, "feedforward": feedforward, "first_layers": first}
    changes |= {"position": _position(c, c.position), "other_layers": _other_layers(c), "encoder_layers": None}
    if c.architecture == "encoder_decoder":
        changes |= {
            "encoder_layers": c.encoder_layers or c.layers,
            "encoder_heads": c.encoder_heads or c.attention.heads,
            "encoder_hidden": c.encoder_hidden or hidden_width(c, c.feedforward),
        }
    return c.model_copy(update=changes)


def expert_groups(f: ExpertsConfig) -> tuple[int, int]:
    """The number of expert groups, and of groups per token."""
    groups = f.groups or 1
    return groups, f.groups_per_token or groups


def _attention(c: ModelConfig) -> AttentionConfig:
    a, width = c.attention, head_width(c)
    if isinstance(a, GroupedConfig):
        # With heads of two widths, each stack has its own default.
        scale = a.scale or (width**-0.5 if c.encoder_heads in (None, a.heads) else None)
        return a.model_copy(update={"kv_heads": a.kv_heads or a.heads, "head_width": width, "scale": scale})
    widths = dict(zip(("latent_rank", "rotary_width", "value_width"), latent_widths(c, a), strict=True))
    return a.model_copy(update={"head_width": width, "norm_epsilon": a.norm_epsilon or c.norm.epsilon, **widths})


def _position(c: ModelConfig, p: AnyPosition) -> AnyPosition:
    if not isinstance(p, RotaryConfig) or c.attention.kind == "latent":
        return p
    return p.model_copy(update={"rotary_width": p.rotary_width or head_width(c)})


def _with_usual_layers(c: ModelConfig) -> ModelConfig:
    """The same model, if it has one stack, whose other layers are those with a window, or else those without positions.

    If neither tells them apart, they are those that differ from the first one.
    """
    other = c.other_layers
    if other is None or c.architecture == "encoder_decoder":
        return c
    rest = {i for i in range(c.layers) if i not in other.layers}
    others = (other.window is not None, (other.position or c.position).kind == "none", 0 in rest)
    if rest and others > (c.attention.window is not None, c.position.kind == "none", 0 in other.layers):
        return c
    position = other.position and c.position
    swapped = OtherLayersConfig(layers=tuple(rest), window=c.attention.window, position=position) if rest else None
    attention = c.attention.model_copy(update={"window": other.window})
    return c.model_copy(
        update={"attention": attention, "position": other.position or c.position, "other_layers": swapped}
    )


def _other_layers(c: ModelConfig) -> OtherLayersConfig | None:
    other = c.other_layers
    if other is None:
        return None
    position = other.position or (c.position if c.position.kind in ("rotary", "none") else None)
    position = position and _position(c, position)
    if other.window == c.attention.window and position in (None, _position(c, c.position)):
        return None
    return other.model_copy(update={"position": position})


def _feedforward(c: ModelConfig, f: FeedForwardConfig) -> FeedForwardConfig:
    changes = {"hidden": hidden_width(c, f)}
    if isinstance(f, ExpertsConfig):
        changes["groups"], changes["groups_per_token"] = expert_groups(f)
    return f.model_copy(update=changes)
