"""Rotary positions in config.json: one option since 2025, two before.

The older format is written, which old and new readers understand.
"""

import math
from collections.abc import Mapping
from typing import Any

from cutaway.hub.options import Joint

Said = Mapping[str, Any]
THEIRS = ("rope_theta", "rope_scaling", "rope_parameters")


def read_rotary(found: Said) -> dict[str, Any]:
    """The choices of a file's options.

    Raises:
        KeyError: the scaling is not implemented, or lacks an option.
        ValueError: the scaling has unknown options.
    """
    said = rotary_said(found)
    base, kind = said.pop("rope_theta"), said.pop("rope_type")
    scaling = _READ[kind](said, found["max_position_embeddings"])
    if said:
        raise ValueError(f"{', '.join(said)} of {kind} is not implemented")
    return {"position.base": base, "position.scaling": {"kind": kind.replace("default", "none"), **scaling}}


def rotary_said(found: Said) -> dict[str, Any]:
    """All options of rotary positions in the current format, without those that have no effect."""
    said = dict(found.get("rope_scaling") or found.get("rope_parameters") or {})
    said.setdefault("rope_theta", found.get("rope_theta", 10_000.0))
    said["rope_type"] = said.get("rope_type", said.get("type", "default"))
    said.pop("type", None)
    nothing = {"partial_rotary_factor": 1.0, "truncate": True}
    return {name: value for name, value in said.items() if value is not None and nothing.get(name) != value}


def write_rotary(choices: Said) -> dict[str, Any]:
    """The options of a model's choices.

    Raises:
        KeyError: its positions are not rotary.
    """
    position = choices["position"]
    scaling = position["scaling"]
    written = _WRITTEN[scaling["kind"]]
    said = {"rope_type": scaling["kind"], **{theirs: scaling[ours] for theirs, ours in written.items()}}
    return {"rope_theta": position["base"], "rope_scaling": said if written else None}


def lengthened(factor: float, share: float = 1.0) -> float:
    """The factor by which YaRN scales vectors for longer contexts (Peng et al. 2023, eq. 22; DeepSeek's code)."""
    return 0.1 * share * math.log(factor) + 1.0 if factor > 1 else 1.0


def _llama3(said: dict[str, Any], context: int) -> dict[str, Any]:
    return {
        "factor": said.pop("factor"),
        "slow": said.pop("low_freq_factor"),
        "fast": said.pop("high_freq_factor"),
        "trained_context": said.pop("original_max_position_embeddings", context),
    }


def _yarn(said: dict[str, Any], context: int) -> dict[str, Any]:
    trained = said.pop("original_max_position_embeddings", context)
    factor = float(said.pop("factor", context / trained))
    share, part = float(said.pop("mscale", 0)), float(said.pop("mscale_all_dim", 0))
    magnitude = lengthened(factor, share) / lengthened(factor, part) if share and part else lengthened(factor)
    return {
        "factor": factor,
        "slow": said.pop("beta_slow", 1.0),
        "fast": said.pop("beta_fast", 32.0),
        "trained_context": trained,
        "magnitude": said.pop("attention_factor", magnitude),
    }


_READ = {
    "default": lambda said, context: {},
    "linear": lambda said, context: {"factor": said.pop("factor")},
    "llama3": _llama3,
    "yarn": _yarn,
}
_WRITTEN = {
    "none": {},
    "linear": {"factor": "factor"},
    "llama3": {
        "factor": "factor",
        "low_freq_factor": "slow",
        "high_freq_factor": "fast",
        "original_max_position_embeddings": "trained_context",
    },
    "yarn": {
        "factor": "factor",
        "beta_slow": "slow",
        "beta_fast": "fast",
        "original_max_position_embeddings": "trained_context",
        "attention_factor": "magnitude",
    },
}
ROTARY = Joint(THEIRS, read_rotary, write_rotary)
