"""The size of the key-value cache per token, by the kind of attention."""

import torch

from cutaway.config.attention import AttentionConfig, GroupedConfig, LatentConfig
from cutaway.config.feedforward import GatedConfig
from cutaway.config.model import ModelConfig
from cutaway.model.build import build
from cutaway.model.cost import cache_of_a_token


def cache_by_attention(config: ModelConfig, dtype: torch.dtype = torch.float32) -> dict[str, int]:
    """Bytes per token in the cache, for each kind of attention with the model's number and width of heads.

    They are read from real caches, of models on the meta device with weights of this dtype.
    """
    taken: dict[str, int] = {}
    # What does not affect the cache, or does not fit every kind of attention.
    others = {"feedforward": GatedConfig(hidden=1), "first_layers": None, "other_layers": None, "encoder_heads": None}
    for attention in with_same_heads(config.attention):
        with torch.device("meta"):
            model = build(config.model_copy(update={"attention": attention, **others})).to(dtype)
        taken[name_of(attention)] = cache_of_a_token(model)
    return taken


def with_same_heads(attention: AttentionConfig) -> list[AttentionConfig]:
    """One choice per kind of attention in the literature, the given one among them.

    Grouped-query attention has about √heads groups, unless the given one has groups.
    """
    heads, width = attention.heads, attention.head_width
    groups = max(divisor for divisor in range(1, heads + 1) if heads % divisor == 0 and divisor**2 <= heads)
    if attention.kind == "grouped" and 1 < (attention.kv_heads or heads) < heads:
        groups = attention.kv_heads or heads
    counts = sorted({heads, groups, 1}, reverse=True)
    grouped = [GroupedConfig(heads=heads, kv_heads=count, head_width=width) for count in counts]
    return [*grouped, attention if attention.kind == "latent" else LatentConfig(heads=heads, head_width=width)]


def name_of(attention: AttentionConfig) -> str:
    """Its name in the literature."""
    if attention.kind == "latent":
        return "MLA"
    groups = attention.kv_heads or attention.heads
    if groups == attention.heads:
        return "MHA"
    return "MQA" if groups == 1 else f"GQA, {groups} groups"
