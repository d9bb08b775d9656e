"""Layers of two kinds in config.json: `layer_types`, which names the attention of each layer, and older options.

Each family has its own options; here they meet as one list, the window and the positions of each layer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.hub.options import Joint

FULL, SLIDING = "full_attention", "sliding_attention"
TYPES = "layer_types"
USUAL_WINDOW = 4096


@dataclass(frozen=True)
class Layer:
    """What may differ by layer.

    Attributes:
        window: our choice of its attention window.
        position: our choices of its positions; None where a family has the same in all layers.
    """

    window: int | None
    position: Mapping[str, Any] | None = None


def read_layers(layers: Sequence[Layer]) -> dict[str, Any]:
    """The choices of these layers: those with a window, or else those without positions, are the other ones.

    Raises:
        ValueError: there are more than two kinds.
    """
    kinds: list[Layer] = []
    for one in layers:
        if one not in kinds:
            kinds.append(one)
    if len(kinds) > 2:
        raise ValueError(f"the layers are of {len(kinds)} kinds, and at most two are implemented")
    usual, *others = sorted(kinds, key=lambda one: (one.window is not None, _is_none(one.position)))
    choices: dict[str, Any] = {"attention.window": usual.window}
    if usual.position is not None:
        choices["position"] = usual.position
    for other in others:
        numbers = [i for i, one in enumerate(layers) if one == other]
        choices["other_layers"] = {"layers": numbers, "window": other.window, "position": other.position}
    return choices


def written_layers(choices: Mapping[str, Any]) -> list[Layer]:
    """The inverse: each layer of a model, with its positions."""
    usual, other = Layer(choices["attention"]["window"], choices["position"]), choices["other_layers"]
    if other is None:
        return [usual] * choices["layers"]
    changed = Layer(other["window"], other["position"] or usual.position)
    return [changed if i in other["layers"] else usual for i in range(choices["layers"])]


def read_types(found: Mapping[str, Any], usual: Sequence[str]) -> Sequence[str]:
    """`layer_types`, or the usual ones if a file does not say.

    Raises:
        ValueError: they are not one for each layer, or other than full and sliding attention.
    """
    types = usual if found.get(TYPES) is None else found[TYPES]
    if unknown := sorted(set(types) - {FULL, SLIDING}):
        raise ValueError(f"{', '.join(unknown)} is not implemented")
    if len(types) != found["num_hidden_layers"]:
        raise ValueError(f"{TYPES} has {len(types)} entries for {found['num_hidden_layers']} layers")
    return types


def repeated_types(period: int, layers: int) -> list[str]:
    """Full attention in the last layer of each period, sliding attention in the others."""
    return [SLIDING if (i + 1) % period else FULL for i in range(layers)]


def windows(types: Sequence[str], window: int | None) -> list[int | None]:
    """The window of each layer.

    Raises:
        ValueError: a layer has sliding attention, but there is no window.
    """
    if SLIDING in types and window is None:
        raise ValueError("sliding_attention needs sliding_window")
    return [window if one == SLIDING else None for one in types]


def write_windows(layers: Sequence[Layer]) -> dict[str, Any]:
    """`layer_types`, and `sliding_window` for all layers that have one.

    Raises:
        ValueError: two layers have different windows.
    """
    sizes = {one.window for one in layers} - {None}
    if len(sizes) > 1:
        raise ValueError(f"the windows are {sorted(filter(None, sizes))}, and files have one")
    types = [FULL if one.window is None else SLIDING for one in layers]
    return {TYPES: types, "sliding_window": next(iter(sizes), None)}


def periodic_windows(period: int) -> Joint:
    """`layer_types` and `sliding_window` of a family whose last layer of each period has full attention by default."""

    def read(found: Mapping[str, Any]) -> dict[str, Any]:
        types = read_types(found, repeated_types(period, found["num_hidden_layers"]))
        return read_layers([Layer(one) for one in windows(types, found.get("sliding_window", USUAL_WINDOW))])

    def write(choices: Mapping[str, Any]) -> dict[str, Any]:
        return with_some_window(write_windows(written_layers(choices)), choices)

    return Joint((TYPES, "sliding_window"), read, write)


def with_some_window(written: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, Any]:
    """The options with a window that no layer has: some classes need one."""
    return {**written, "sliding_window": written["sliding_window"] or choices["context"]}


def _is_none(position: Mapping[str, Any] | None) -> bool:
    return position is not None and position["kind"] == "none"
