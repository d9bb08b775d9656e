"""Gemma 3 without images (Gemma Team 2025): Gemma 2 with norms of queries and keys, and own rotary bases by layer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cutaway.hub.families.gemma2 import GEMMA, RULES, SIZES, UNUSED, capped
from cutaway.hub.families.llama import ANGLES, heads
from cutaway.hub.family import Family
from cutaway.hub.layer_types import (
    FULL,
    SLIDING,
    TYPES,
    USUAL_WINDOW,
    Layer,
    read_layers,
    read_types,
    repeated_types,
    windows,
    with_some_window,
    write_windows,
    written_layers,
)
from cutaway.hub.options import Joint
from cutaway.hub.rotary import THEIRS, read_rotary, write_rotary

PERIOD, LOCAL_BASE = "sliding_window_pattern", "rope_local_base_freq"
BASES = {FULL: 1_000_000.0, SLIDING: 10_000.0}


def read(found: Mapping[str, Any]) -> dict[str, Any]:
    """The window and the positions of each layer.

    Raises:
        ValueError: they are not implemented.
    """
    types = read_types(found, repeated_types(found.get(PERIOD, 6), found["num_hidden_layers"]))
    positions = {one: _read_position(found, one) for one in (FULL, SLIDING)}
    sizes = windows(types, found.get("sliding_window", USUAL_WINDOW))
    return read_layers([Layer(size, positions[one]) for size, one in zip(sizes, types, strict=True)])


def write(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The options that mean them, in the older format where it has them.

    Raises:
        ValueError: layers of one type have different positions.
    """
    layers = written_layers(choices)
    written = with_some_window(write_windows(layers), choices)
    types = written[TYPES]
    found: dict[str, Any] = {one: {"base": base, "scaling": {"kind": "none"}} for one, base in BASES.items()}
    for kind, one in zip(types, layers, strict=True):
        found[kind] = one.position
    if any(found[kind] != one.position for kind, one in zip(types, layers, strict=True)):
        raise ValueError("layers of one type have different positions")
    return {**written, **_write_period(types), **_write_positions(found)}


def _read_position(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    by_type = found.get("rope_parameters") or {}
    if unknown := sorted(set(by_type) - set(BASES)):
        raise ValueError(f"rope_parameters are by type of layer, and {', '.join(unknown)} is none")
    old = {FULL: found.get("rope_scaling") or {}, SLIDING: {}}
    base = found.get({FULL: "rope_theta", SLIDING: LOCAL_BASE}[kind], BASES[kind])
    options = {"rope_theta": base, **(by_type.get(kind) or {}), **old[kind]}
    read = read_rotary({**found, "rope_parameters": options, "rope_scaling": None})
    return {"kind": "rotary", "base": read["position.base"], "scaling": read["position.scaling"]}


def _write_positions(by_type: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    written = {kind: write_rotary({"position": position}) for kind, position in by_type.items()}
    local = written[SLIDING]
    if local["rope_scaling"] is None:
        return {**written[FULL], LOCAL_BASE: local["rope_theta"]}
    nested = {
        kind: {"rope_theta": one["rope_theta"], **(one["rope_scaling"] or {"rope_type": "default"})}
        for kind, one in written.items()
    }
    return {"rope_parameters": nested}


def _write_period(types: Sequence[str]) -> dict[str, Any]:
    """The period, which is all that readers before `layer_types` know, if the layers have one."""
    count = len(types)
    return next(({PERIOD: one} for one in range(1, count + 2) if repeated_types(one, count) == types), {})


LAYERS = Joint((*THEIRS, LOCAL_BASE, PERIOD, TYPES, "sliding_window"), read, write)
OTHER_NAMES = {
    "sequence_classification": "Gemma3TextForSequenceClassification",
    "sentence_embedding": "Gemma3TextModel",
}
HEADS = {
    task: replace(table, architecture=OTHER_NAMES.get(task, table.architecture))
    for task, table in heads("Gemma3", tied=True, lacks={"question_answering", "token_classification"}).items()
}

GEMMA3_TEXT = Family(
    model_type="gemma3_text",
    prefix="model",
    options=(*SIZES, LAYERS),
    choices={**GEMMA, "attention.qk_norm": True},
    required={"use_bidirectional_attention": False, "attn_logit_softcapping": None},
    rules=RULES,
    heads=capped(HEADS, None),
    unread=UNUSED | {"_sliding_window_pattern"},
    ignored=ANGLES,
)
