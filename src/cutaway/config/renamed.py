"""Renamed keys of earlier versions."""

import warnings
from collections.abc import Mapping
from typing import Any

from cutaway.errors import RenamedWarning

RENAMED = {
    "model.ahead": "multi_token_prediction",
    "model.position.longest": "max_distance",
    "model.position.distance": "max_distance",
    "model.feedforward.chosen": "experts_per_token",
    "model.feedforward.groups_chosen": "groups_per_token",
    "model.first_layers.feedforward.chosen": "experts_per_token",
    "model.first_layers.feedforward.groups_chosen": "groups_per_token",
    "task.ahead_weight": "multi_token_weight",
    "task.share": "fraction",
    "task.rate": "sample_rate",
    "task.deviation": "std",
    "train.accumulation": "gradient_accumulation",
}
"""From the key of an earlier version to the last part of its current name."""


def with_current_keys(given: Mapping[str, Any]) -> dict[str, Any]:
    """A run's choices with current keys; warns once if there are others."""
    found: list[str] = []
    current = _renamed(given, "", found)
    if found:
        warn_renamed([(key, _current(key)) for key in found])
    return current


def current_key(key: str) -> str:
    """The current name of a dotted key; warns if it was renamed."""
    if key not in RENAMED:
        return key
    warn_renamed([(key, _current(key))])
    return _current(key)


def warn_renamed(names: list[tuple[str, str]]) -> None:
    """Warns, in one line, that names of an earlier version were read."""
    pairs = ", ".join(f"{old} is now {new}" for old, new in names)
    warnings.warn(f"keys of an earlier version were read: {pairs}", RenamedWarning, stacklevel=2)


def _current(key: str) -> str:
    return f"{key.rpartition('.')[0]}.{RENAMED[key]}"


def _renamed(branch: Mapping[str, Any], path: str, found: list[str]) -> dict[str, Any]:
    current = {}
    for name, value in branch.items():
        key = f"{path}{name}"  # a name may be a number, which validation refuses
        is_old = key in RENAMED and RENAMED[key] not in branch
        if is_old:
            found.append(key)
        below = _renamed(value, f"{key}.", found) if isinstance(value, Mapping) else value
        current[RENAMED[key] if is_old else name] = below
    return current
