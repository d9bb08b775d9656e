"""The choices of one stack, and of one layer."""

from typing import Any

from cutaway.config.explicit import head_width
from cutaway.config.model import ModelConfig


def encoder(c: ModelConfig) -> ModelConfig:
    """The choices of the encoder of an encoder-decoder."""
    changes: dict[str, Any] = {"layers": c.encoder_layers or c.layers}
    if c.encoder_heads is not None:
        heads, all_heads = c.encoder_heads, c.attention.heads * head_width(c)
        sizes = {"heads": heads, "kv_heads": heads, "head_width": all_heads // heads}
        changes["attention"] = c.attention.model_copy(update=sizes)
    if c.encoder_hidden is not None:
        changes["feedforward"] = c.feedforward.model_copy(update={"hidden": c.encoder_hidden})
    return c.model_copy(update=changes)


def layer(c: ModelConfig, i: int) -> ModelConfig:
    """The choices of layer i, from 0, of a stack: none of them depends on a layer's number any more.

    `first_norm` then says whether this layer has the norm.
    """
    changes: dict[str, Any] = {"first_layers": None, "other_layers": None, "first_norm": c.first_norm or i > 0}
    if c.first_layers is not None and i < c.first_layers.count:
        changes["feedforward"] = c.first_layers.feedforward
    attention = c.attention
    if c.other_layers is not None and i in c.other_layers.layers:
        attention = attention.model_copy(update={"window": c.other_layers.window})
        changes["position"] = c.other_layers.position or c.position
    if attention.kind == "grouped" and attention.scale_by_layer:
        scale = (attention.scale or head_width(c) ** -0.5) / (i + 1)
        attention = attention.model_copy(update={"scale": scale, "scale_by_layer": False})
    return c.model_copy(update={**changes, "attention": attention})
