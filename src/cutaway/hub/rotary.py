"""Rotary positions in config.json: one option since 2025, two before.

The older format is written, which old and new readers understand.
"""

import math
from collections.abc import Mapping
from typing import Any

from cutaway.hub.options import Joint

Options = Mapping[str, Any]
THEIRS = ("rope_theta", "rope_scaling", "rope_parameters")
PARTIAL = "partial_rotary_factor"


def read_rotary(found: Options, fraction: float | None = None) -> dict[str, Any]:
    """The choices of a file's options.

    Args:
        found: all options.
        fraction: of the channels of a head that are rotated if the file does not say; None if the family always rotates
            all of them.

    Raises:
        ValueError: the scaling is not implemented, lacks an option, or has unknown ones.
    """
    options, rotated = rotary_options(found), {}
    if fraction is not None:
        rotated = {"position.rotary_width": int(_head_width(found) * options.pop(PARTIAL, fraction))}
    elif options.get(PARTIAL) == 1:
        del options[PARTIAL]
    base, kind = options.pop("rope_theta"), options.pop("rope_type")
    if kind not in _READ:
        raise ValueError(f"the scaling is {kind!r}, and only {', '.join(_READ)} are implemented")
    if "original_max_position_embeddings" in found and kind in _OF_TRAINED_CONTEXT:
        options["original_max_position_embeddings"] = found["original_max_position_embeddings"]
    try:
        scaling = _READ[kind](options, found["max_position_embeddings"])
    except KeyError as error:
        raise ValueError(f"{kind} needs {error.args[0]}") from None
    if options:
        raise ValueError(f"{', '.join(f'{name}={value!r}' for name, value in options.items())} is not implemented")
    return {"position.base": base, "position.scaling": {"kind": kind.replace("default", "none"), **scaling}, **rotated}


def rotary_options(found: Options) -> dict[str, Any]:
    """All options of rotary positions in the current format, without those that have no effect in any family."""
    options = dict(found.get("rope_scaling") or found.get("rope_parameters") or {})
    options.setdefault("rope_theta", found.get("rope_theta", 10_000.0))
    options["rope_type"] = options.get("rope_type", options.get("type", "default"))
    if options["rope_type"] == "su":  # the first name of LongRoPE
        options["rope_type"] = "longrope"
    options.pop("type", None)
    if options.get("truncate") is True:
        del options["truncate"]
    return {name: value for name, value in options.items() if value is not None}


def write_rotary(choices: Options) -> dict[str, Any]:
    """The options of a model's choices.

    Raises:
        KeyError: its positions are not rotary.
    """
    position = choices["position"]
    scaling = position["scaling"]
    written = _WRITTEN[scaling["kind"]]
    options = {"rope_type": scaling["kind"], **{theirs: scaling[ours] for theirs, ours in written.items()}}
    return {"rope_theta": position["base"], "rope_scaling": options if written else None}


def _head_width(found: Options) -> int:
    return int(found.get("head_dim") or found["hidden_size"] // found["num_attention_heads"])


def lengthened(factor: float, share: float = 1.0) -> float:
    """The factor by which YaRN scales vectors for longer contexts (Peng et al. 2023, eq. 22; DeepSeek's code)."""
    return 0.1 * share * math.log(factor) + 1.0 if factor > 1 else 1.0


def lengthened_longrope(factor: float, trained: int) -> float:
    """The factor by which LongRoPE scales vectors for longer contexts (Ding et al. 2024; Phi-3's own code)."""
    return math.sqrt(1 + math.log(factor) / math.log(trained)) if factor > 1 else 1.0


def _llama3(options: dict[str, Any], context: int) -> dict[str, Any]:
    return {
        "factor": options.pop("factor"),
        "slow": options.pop("low_freq_factor"),
        "fast": options.pop("high_freq_factor"),
        "trained_context": options.pop("original_max_position_embeddings", context),
    }


def _yarn(options: dict[str, Any], context: int) -> dict[str, Any]:
    trained = options.pop("original_max_position_embeddings", context)
    factor = float(options.pop("factor", context / trained))
    share, part = float(options.pop("mscale", 0)), float(options.pop("mscale_all_dim", 0))
    magnitude = lengthened(factor, share) / lengthened(factor, part) if share and part else lengthened(factor)
    return {
        "factor": factor,
        "slow": options.pop("beta_slow", 1.0),
        "fast": options.pop("beta_fast", 32.0),
        "trained_context": trained,
        "magnitude": options.pop("attention_factor", magnitude),
    }


def _longrope(options: dict[str, Any], context: int) -> dict[str, Any]:
    trained = options.pop("original_max_position_embeddings", context)
    magnitude = lengthened_longrope(float(options.pop("factor", context / trained)), trained)
    return {
        "short": options.pop("short_factor"),
        "long": options.pop("long_factor"),
        "trained_context": trained,
        "magnitude": options.pop("attention_factor", magnitude),
    }


_READ = {
    "default": lambda options, context: {},
    "linear": lambda options, context: {"factor": options.pop("factor")},
    "llama3": _llama3,
    "yarn": _yarn,
    "dynamic": lambda options, context: {"factor": options.pop("factor"), "trained_context": context},
    "longrope": _longrope,
}
_OF_TRAINED_CONTEXT = ("llama3", "yarn", "longrope")
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
    "dynamic": {"factor": "factor"},
    "longrope": {
        "short_factor": "short",
        "long_factor": "long",
        "original_max_position_embeddings": "trained_context",
        "attention_factor": "magnitude",
    },
}


def partial_rotary(theirs: str = PARTIAL, fraction: float = 1.0) -> Joint:
    """Rotary positions of a part of each head.

    Args:
        theirs: the name of the option outside `rope_parameters`.
        fraction: of channels that are rotated, by default.
    """

    def read(found: Options) -> dict[str, Any]:
        given = found.get(theirs)
        return read_rotary(found, fraction if given is None else given)

    def write(choices: Options) -> dict[str, Any]:
        width, heads = choices["position"]["rotary_width"], choices["attention"]["head_width"]
        part = width / heads
        return {**write_rotary(choices), theirs: part if int(heads * part) == width else math.nextafter(part, 1.0)}

    return Joint((*THEIRS, theirs), read, write)


ROTARY = Joint(THEIRS, read_rotary, write_rotary)
