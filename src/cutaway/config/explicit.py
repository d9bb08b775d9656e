"""Defaults that depend on other choices."""

import math

from cutaway.config.attention import GroupedConfig, LatentConfig
from cutaway.config.feedforward import ExpertsConfig, FeedForwardConfig
from cutaway.config.model import ModelConfig


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
    a = c.attention
    if isinstance(a, GroupedConfig):
        attention: GroupedConfig | LatentConfig = a.model_copy(
            update={"kv_heads": a.kv_heads or a.heads, "head_width": head_width(c)}
        )
    else:
        names = ("latent_rank", "rotary_width", "value_width")
        widths = dict(zip(names, latent_widths(c, a), strict=True))
        epsilon = a.norm_epsilon or c.norm.epsilon
        attention = a.model_copy(update={"head_width": head_width(c), "norm_epsilon": epsilon, **widths})
    first = c.first_layers
    if first is not None:
        first = first.model_copy(update={"feedforward": _explicit(c, first.feedforward)})
    layers = c.encoder_layers or c.layers if c.architecture == "encoder_decoder" else None
    changes = {"attention": attention, "feedforward": _explicit(c, c.feedforward), "first_layers": first}
    return c.model_copy(update={**changes, "encoder_layers": layers})


def expert_groups(f: ExpertsConfig) -> tuple[int, int]:
    """The number of expert groups, and of groups per token."""
    groups = f.groups or 1
    return groups, f.groups_per_token or groups


def _explicit(c: ModelConfig, f: FeedForwardConfig) -> FeedForwardConfig:
    changes = {"hidden": hidden_width(c, f)}
    if isinstance(f, ExpertsConfig):
        changes["groups"], changes["groups_per_token"] = expert_groups(f)
    return f.model_copy(update=changes)
