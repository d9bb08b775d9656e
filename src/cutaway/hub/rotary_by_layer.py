"""Rotary positions by type of layer in config.json: nested options since 2025, and the older ones of each family."""

from collections.abc import Mapping, Sequence
from typing import Any

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


def layers_by_type(
    period: int, bases: Mapping[str, float], local_base: str | None = None, period_name: str | None = None
) -> Joint:
    """The window and the rotary positions of layers with full and with sliding attention.

    `rope_scaling` of older files is for the layers with full attention only.

    Args:
        period: of the layers with full attention, if a file does not say.
        bases: the default base by type.
        local_base: the older option for the base of layers with sliding attention; `rope_theta` is for the others.
            None if a family has only `rope_theta`, which may then not differ from the default.
        period_name: the older option for the period.
    """
    names = {FULL: "rope_theta"} | ({} if local_base is None else {SLIDING: local_base})

    def read(found: Mapping[str, Any]) -> dict[str, Any]:
        usual = period if period_name is None else found.get(period_name, period)
        types = read_types(found, repeated_types(usual, found["num_hidden_layers"]))
        if local_base is None and found.get("rope_theta", bases[FULL]) != bases[FULL]:
            raise ValueError("readers disagree on the layers that an own rope_theta is for: give rope_parameters")
        given = {kind: found[name] for kind, name in names.items() if found.get(name) is not None}
        positions = {kind: _read_position(found, kind, base) for kind, base in {**bases, **given}.items()}
        sizes = windows(types, found.get("sliding_window", USUAL_WINDOW))
        return read_layers([Layer(size, positions[kind]) for size, kind in zip(sizes, types, strict=True)])

    def write(choices: Mapping[str, Any]) -> dict[str, Any]:
        layers = written_layers(choices)
        written = with_some_window(write_windows(layers), choices)
        if period_name is not None:
            written |= _write_period(written[TYPES], period_name)
        return {**written, **_write_positions(_by_type(layers, written[TYPES], bases), bases, local_base)}

    further = tuple(name for name in (local_base, period_name) if name is not None)
    return Joint((*THEIRS, *further, TYPES, "sliding_window"), read, write)


def _read_position(found: Mapping[str, Any], kind: str, base: float) -> dict[str, Any]:
    nested = found.get("rope_parameters") or {}
    if unknown := sorted(set(nested) - {FULL, SLIDING}):
        raise ValueError(f"rope_parameters are by type of layer, and {', '.join(unknown)} is none")
    old = (found.get("rope_scaling") or {}) if kind == FULL else {}
    options = {"rope_theta": base, **(nested.get(kind) or {}), **old}
    read = read_rotary({**found, "rope_parameters": options, "rope_scaling": None})
    return {"kind": "rotary", "base": read["position.base"], "scaling": read["position.scaling"]}


def _by_type(layers: Sequence[Layer], types: Sequence[str], bases: Mapping[str, float]) -> dict[str, Any]:
    """The positions of each type of layer; the default ones of a type without layers."""
    found: dict[str, Any] = {kind: {"base": base, "scaling": {"kind": "none"}} for kind, base in bases.items()}
    found |= {kind: one.position for kind, one in zip(types, layers, strict=True)}
    if any(found[kind] != one.position for kind, one in zip(types, layers, strict=True)):
        raise ValueError("layers of one type have different positions")
    return found


def _write_positions(
    by_type: Mapping[str, Mapping[str, Any]], bases: Mapping[str, float], local_base: str | None
) -> dict[str, Any]:
    """The older options where they suffice."""
    written = {kind: write_rotary({"position": position}) for kind, position in by_type.items()}
    local, usual = written[SLIDING], all(one["rope_theta"] == bases[kind] for kind, one in written.items())
    if local["rope_scaling"] is None and (local_base is not None or usual):
        return {**written[FULL], **({} if local_base is None else {local_base: local["rope_theta"]})}
    nested = {
        kind: {"rope_theta": one["rope_theta"], **(one["rope_scaling"] or {"rope_type": "default"})}
        for kind, one in written.items()
    }
    return {"rope_parameters": nested}


def _write_period(types: Sequence[str], name: str) -> dict[str, Any]:
    """The period, which is all that readers before `layer_types` know, if the layers have one."""
    count = len(types)
    return next(({name: one} for one in range(1, count + 2) if repeated_types(one, count) == types), {})
