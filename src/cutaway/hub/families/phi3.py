"""Phi-3 and Phi-4-mini (Abdin et al. 2024): Llama with fused projections and LongRoPE."""

from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.config.attention import GroupedConfig
from cutaway.config.explicit import head_width
from cutaway.config.feedforward import GatedConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.families.llama import ANGLES, CHOICES, SIZES, UNREAD, body, heads
from cutaway.hub.family import Family
from cutaway.hub.options import Joint, Option, with_default
from cutaway.hub.rotary import PARTIAL, THEIRS, lengthened_longrope, partial_rotary
from cutaway.hub.weight_rules import Rule, Split, same

TRAINED = "original_max_position_embeddings"
USUAL = 4096
"""The trained context of a file that does not say."""
ROTARY = partial_rotary()


def attention_rules(c: ModelConfig, a: GroupedConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """Queries, keys and values in one matrix, and the output."""
    width, groups = head_width(c), a.kv_heads or a.heads
    names = tuple(f"{ours}.{name}.weight" for name in ("query", "key", "value"))
    yield Rule((f"{theirs}.qkv_proj.weight",), names, Split((a.heads * width, groups * width, groups * width)))
    yield from same(f"{theirs}.o_proj", f"{ours}.out", "weight")


def gated_rules(f: GatedConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """The gate above the other half of the first layer, and the second layer."""
    hidden = f.hidden or 0
    names = (f"{ours}.gate.weight", f"{ours}.up.weight")
    yield Rule((f"{theirs}.gate_up_proj.weight",), names, Split((hidden, hidden)))
    yield from same(f"{theirs}.down_proj", f"{ours}.down", "weight")


def read_rotary(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rotary positions; the first files call LongRoPE by other names.

    Raises:
        ValueError: they are scaled otherwise.
    """
    scaling = dict(found.get("rope_scaling") or found.get("rope_parameters") or {})
    kind = scaling.pop("rope_type", scaling.pop("type", "default"))
    if kind not in ("default", "longrope", "su", "yarn"):
        raise ValueError(f"the scaling is {kind!r}, and phi3 has only longrope")
    scaling["rope_type"] = "default" if kind == "default" else "longrope"
    return ROTARY.read({TRAINED: USUAL, **found, "rope_scaling": scaling})


def write_rotary(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that mean them: older readers allow only three about the scaling.

    Raises:
        ValueError: they are scaled otherwise.
    """
    written = dict(ROTARY.write(choices))
    scaling = choices["position"]["scaling"]
    if scaling["kind"] == "none":
        return written
    if scaling["kind"] != "longrope":
        raise ValueError("phi3 has only longrope")
    options = {"type": "longrope", "short_factor": scaling["short"], "long_factor": scaling["long"]}
    trained = scaling["trained_context"]
    if scaling["magnitude"] != lengthened_longrope(choices["context"] / trained, trained):
        options["attention_factor"] = scaling["magnitude"]
    return {**written, "rope_scaling": options, TRAINED: trained}


PHI3 = Family(
    model_type="phi3",
    prefix="model",
    options=(
        *with_default(SIZES, "rms_norm_eps", 1e-5),
        Joint((*THEIRS, PARTIAL, TRAINED), read_rotary, write_rotary),
        Option("sliding_window", "attention.window", None),
        Option("resid_pdrop", "dropout", 0.0),
    ),
    choices=CHOICES,
    required={"full_attn_mod": 1, "interpolate_factor": 1},
    rules=body(attention_rules, {"gated": gated_rules}),
    heads={task: head for task, head in heads("Phi3").items() if task != "question_answering"},
    unread=UNREAD | {"embd_pdrop"},
    ignored=ANGLES,
)
