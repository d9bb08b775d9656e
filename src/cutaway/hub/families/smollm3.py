"""SmolLM3 (Bakouch et al. 2025): Llama with layers that have no positions, and may have a window."""

from collections.abc import Mapping
from typing import Any

from cutaway.hub.families.llama import ANGLES, ATTENTION_BIAS, CHOICES, RULES, SIZES, UNREAD, heads
from cutaway.hub.family import Family
from cutaway.hub.layer_types import (
    FULL,
    SLIDING,
    TYPES,
    Layer,
    read_layers,
    read_types,
    windows,
    write_windows,
    written_layers,
)
from cutaway.hub.options import Joint, Option, with_default
from cutaway.hub.rotary import THEIRS, read_rotary, write_rotary

NO_POSITION: Mapping[str, Any] = {"kind": "none"}
ROTATED, INTERVAL, WINDOWED = "no_rope_layers", "no_rope_layer_interval", "use_sliding_window"
BASE = 2_000_000.0


def read(found: Mapping[str, Any]) -> dict[str, Any]:
    """The window and the positions of each layer; `no_rope_layers` has a 1 for each layer with positions.

    Raises:
        ValueError: they are not implemented, or contradict each other.
    """
    count, period = found["num_hidden_layers"], found.get(INTERVAL, 4)
    rotated = found.get(ROTATED) or [(i + 1) % period != 0 for i in range(count)]
    if len(rotated) < count:
        raise ValueError(f"{ROTATED} has {len(rotated)} entries for {count} layers")
    window = found.get("sliding_window") if found.get(WINDOWED) else None
    usual = [FULL if rotates or window is None else SLIDING for rotates in rotated[:count]]
    types = read_types(found, usual)
    if SLIDING in types and not found.get(WINDOWED):
        raise ValueError(f"layers have {SLIDING}, but {WINDOWED} is false")
    choices = read_rotary({"rope_theta": BASE, **found})
    rotary = {"kind": "rotary", "base": choices["position.base"], "scaling": choices["position.scaling"]}
    positions = [rotary if rotates else NO_POSITION for rotates in rotated[:count]]
    return read_layers([Layer(*one) for one in zip(windows(types, window), positions, strict=True)])


def write(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The options that mean them.

    Raises:
        ValueError: two layers rotate differently.
    """
    layers = written_layers(choices)
    written = write_windows(layers)
    rotaries = [one.position for one in layers if one.position != NO_POSITION]
    if any(one != rotaries[0] for one in rotaries):
        raise ValueError("two layers rotate differently")
    rotary = rotaries[0] if rotaries else {"base": BASE, "scaling": NO_POSITION}
    return {
        **written,
        **write_rotary({"position": rotary}),
        WINDOWED: written["sliding_window"] is not None,
        ROTATED: [int(one.position != NO_POSITION) for one in layers],
    }


SMOLLM3 = Family(
    model_type="smollm3",
    prefix="model",
    options=(
        *with_default(SIZES, "num_key_value_heads", 4),
        *ATTENTION_BIAS,
        Option("mlp_bias", "feedforward.bias", False),
        Joint((*THEIRS, ROTATED, INTERVAL, WINDOWED, "sliding_window", TYPES), read, write),
    ),
    choices=CHOICES,
    required={},
    rules=RULES,
    heads=heads("SmolLM3", tied=True),
    unread=UNREAD | {"max_window_layers", "transformers.js_config"},
    ignored=ANGLES,
)
