"""Qwen 2 and 2.5 (Qwen Team 2024): Llama with biases of queries, keys and values."""

from collections.abc import Mapping
from typing import Any

from cutaway.hub.families.llama import ANGLES, CHOICES, OPTIONS, RULES, UNREAD, heads
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
from cutaway.hub.options import Joint, with_default


def read_window(found: Mapping[str, Any]) -> dict[str, Any]:
    """The attention window of each layer: without `layer_types`, that of all but the first `max_window_layers`."""
    layers, window = found["num_hidden_layers"], found.get("sliding_window", 4096)
    if not found.get("use_sliding_window"):
        window = None
    without = layers if window is None else min(layers, found.get("max_window_layers", 28))
    types = read_types(found, [FULL] * without + [SLIDING] * (layers - without))
    return read_layers([Layer(one) for one in windows(types, window)])


def write_window(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The options that mean it; `max_window_layers` alone has to do for readers that do not know `layer_types`."""
    written = write_windows(written_layers(choices))
    without = [*written[TYPES], SLIDING].index(SLIDING)
    return {**written, "use_sliding_window": written["sliding_window"] is not None, "max_window_layers": without}


WINDOW = Joint(("use_sliding_window", "sliding_window", "max_window_layers", TYPES), read_window, write_window)

QWEN2 = Family(
    model_type="qwen2",
    prefix="model",
    options=(*with_default(OPTIONS, "num_key_value_heads", 32), WINDOW),
    choices={**CHOICES, "attention.bias": True},
    required={"use_mrope": False},
    rules=RULES,
    heads=heads("Qwen2"),
    unread=UNREAD,
    ignored=ANGLES,
)
