"""Mixtral (Jiang et al. 2024): Mistral with experts, whose weights are a softmax over those that a token uses."""

from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.config.feedforward import ExpertsConfig
from cutaway.hub.families.llama import ANGLES, CHOICES, SIZES, UNREAD, attention_rules, body, heads
from cutaway.hub.family import Family
from cutaway.hub.options import Joint, Option, with_default
from cutaway.hub.rotary import THEIRS, read_rotary, write_rotary
from cutaway.hub.weight_rules import NoBias, Rule, same

BASE = 1_000_000.0
"""The base of the angles of a file that does not say."""


def expert_rules(f: ExpertsConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """A router, which has no bias for balance, and the experts separately."""
    name = f"{theirs.removesuffix('mlp')}block_sparse_moe"
    if f.balance == "bias":
        yield Rule((f"{name}.gate.weight",), (f"{ours}.router.weight", f"{ours}.balance.bias"), NoBias())
    else:
        yield from same(f"{name}.gate", f"{ours}.router", "weight")
    for i in range(f.experts):
        for matrix, module in (("w1", "gate"), ("w3", "up"), ("w2", "down")):
            yield from same(f"{name}.experts.{i}.{matrix}", f"{ours}.experts.{i}.{module}", "weight")


def read_based_rotary(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rotary positions, with another base than most if none is given."""
    return read_rotary({**found, "rope_theta": found.get("rope_theta") or BASE})


MIXTRAL = Family(
    model_type="mixtral",
    prefix="model",
    options=(
        *with_default(with_default(SIZES, "num_key_value_heads", 8), "rms_norm_eps", 1e-5),
        Joint(THEIRS, read_based_rotary, write_rotary),
        Option("num_local_experts", "feedforward.experts", 8),
        Option("num_experts_per_tok", "feedforward.experts_per_token", 2),
        Option("sliding_window", "attention.window", None),
    ),
    choices=CHOICES
    | {
        "feedforward.kind": "experts",
        "feedforward.gate": "softmax",
        "feedforward.shared": 0,
        "feedforward.balance": "none",
    },
    required={},
    rules=body(attention_rules, {"experts": expert_rules}),
    heads=heads("Mixtral", answering=None),
    unread=UNREAD | {"output_router_logits", "router_aux_loss_coef", "router_jitter_noise"},
    ignored=ANGLES,
)
