"""Qwen 2 and 2.5 (Qwen Team 2024): Llama with biases of queries, keys and values."""

from collections.abc import Mapping
from typing import Any

from cutaway.hub.families.llama import ANGLES, CHOICES, OPTIONS, RULES, UNREAD, heads
from cutaway.hub.family import Family
from cutaway.hub.options import Joint, with_default


def read_window(found: Mapping[str, Any]) -> dict[str, Any]:
    """The attention window, if it is the same in all layers.

    Raises:
        ValueError: only some layers have one.
    """
    layers = found["num_hidden_layers"]
    if not found.get("use_sliding_window") or found.get("sliding_window", 4096) is None:
        return {"attention.window": None}
    without = found.get("max_window_layers", 28)
    kinds = found.get("layer_types") or ["full_attention"] * without + ["sliding_attention"] * (layers - without)
    if set(kinds[:layers]) not in ({"full_attention"}, {"sliding_attention"}):
        raise ValueError("cutaway has one window for all layers")
    return {"attention.window": found.get("sliding_window", 4096) if kinds[0] == "sliding_attention" else None}


def write_window(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The options that mean it."""
    window, layers = choices["attention"]["window"], choices["layers"]
    return {
        "use_sliding_window": window is not None,
        "sliding_window": window,
        "max_window_layers": layers if window is None else 0,
    }


WINDOW = Joint(("use_sliding_window", "sliding_window", "max_window_layers", "layer_types"), read_window, write_window)

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
