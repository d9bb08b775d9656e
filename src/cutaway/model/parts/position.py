"""From a choice of position scheme to its module."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from torch import nn

from cutaway.config.model import ModelConfig
from cutaway.config.position import PositionPlugin, SinusoidalConfig
from cutaway.model.parts.attention import rotated_width
from cutaway.nn.frequencies import dynamic, linear, llama3, longrope, unscaled, yarn
from cutaway.nn.positions import (
    ALiBi,
    BiasesScores,
    Learned,
    RelativeBias,
    Rotary,
    ShortestPathBias,
    Sinusoidal,
)


def make_added(c: ModelConfig) -> nn.Module | None:
    """The module whose output is added to embeddings, if that is the scheme."""
    return _ADDED[c.position.kind](c) if c.position.kind in _ADDED else _of_plugin(c, True, "embeddings")


def make_rotary(c: ModelConfig) -> Rotary | None:
    """The module that rotates queries and keys, if that is the scheme."""
    if c.position.kind != "rotary":
        return None
    scaling = c.position.scaling
    magnitude = scaling.magnitude if scaling.kind in ("yarn", "longrope") else 1.0
    return Rotary(
        rotated_width(c, c.position),
        base=c.position.base,
        scaling=_SCALINGS[scaling.kind](scaling, c.position.base),
        magnitude=magnitude,
    )


def make_biases(c: ModelConfig, causal: bool) -> BiasesScores | None:
    """The module that biases scores, if that is the scheme."""
    return _BIASES[c.position.kind](c, causal) if c.position.kind in _BIASES else _of_plugin(c, causal, "scores")


def _sinusoidal(c: ModelConfig, p: SinusoidalConfig) -> Sinusoidal:
    return Sinusoidal(c.width, base=p.base, layout=p.layout, inclusive=p.inclusive, offset=p.offset)


def _of_plugin(c: ModelConfig, causal: bool, acts_on: str) -> Any:
    """The module of another package's scheme, if it acts on this."""
    scheme: object = c.position
    if not isinstance(scheme, PositionPlugin) or scheme.acts_on != acts_on:
        return None
    module, _, name = scheme.builder.partition(":")
    return getattr(import_module(module), name)(c, causal)


_ADDED: dict[str, Callable[..., Any]] = {
    "sinusoidal": lambda c: _sinusoidal(c, c.position),
    "learned": lambda c: Learned(c.context, c.width),
}
_SCALINGS: dict[str, Callable[..., Any]] = {
    "none": lambda s, base: unscaled,
    "linear": lambda s, base: linear(s.factor),
    "llama3": lambda s, base: llama3(s.factor, s.slow, s.fast, s.trained_context),
    "yarn": lambda s, base: yarn(s.factor, s.slow, s.fast, base, s.trained_context),
    "dynamic": lambda s, base: dynamic(s.factor, base, s.trained_context),
    "longrope": lambda s, base: longrope(s.short, s.long, s.trained_context),
}
_BIASES: dict[str, Callable[..., Any]] = {
    "alibi": lambda c, causal: ALiBi(c.attention.heads),
    "relative": lambda c, causal: RelativeBias(
        c.attention.heads, buckets=c.position.buckets, distance=c.position.max_distance, bidirectional=not causal
    ),
    "shortest_path": lambda c, causal: ShortestPathBias(c.attention.heads, c.position.max_distance),
}
