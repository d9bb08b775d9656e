"""Gemma 2 (Gemma Team 2024): Llama with norms around each sublayer, soft caps, and a window in every other layer."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cutaway.hub.families.llama import (
    ANGLES,
    ATTENTION_BIAS,
    CHOICES,
    UNREAD,
    attention_rules,
    body,
    gated_rules,
    heads,
)
from cutaway.hub.families.llama import SIZES as LLAMA_SIZES
from cutaway.hub.family import Family, HeadTable
from cutaway.hub.layer_types import periodic_windows
from cutaway.hub.options import ACTIVATIONS, Joint, Option, renamed, with_default
from cutaway.hub.rotary import ROTARY
from cutaway.hub.weight_rules import Rule, same


def norm_rules(theirs: str, ours: str) -> Iterable[Rule]:
    """The norms of a layer: before and after each sublayer."""
    for name, module in (
        ("input_layernorm", "self_attention_residual.norm_in"),
        ("post_attention_layernorm", "self_attention_residual.norm_out"),
        ("pre_feedforward_layernorm", "feedforward_residual.norm_in"),
        ("post_feedforward_layernorm", "feedforward_residual.norm_out"),
    ):
        yield from same(f"{theirs}.{name}", f"{ours}.{module}", "weight")


def write_scalar(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The width of queries whose scale is that of scores.

    Raises:
        ValueError: it is not a whole number.
    """
    scale = choices["attention"]["scale"]
    scalar = max(1, round(scale**-2))
    if scalar**-0.5 != scale:
        raise ValueError(f"a scale of {scale} is not 1/√ of a whole number")
    return {"query_pre_attn_scalar": scalar}


def capped(found: Mapping[str, HeadTable], softcap: float | None) -> Mapping[str, HeadTable]:
    """The same heads; logits of tokens have a limit, by default this."""
    language = found["language_modeling"]
    option = Option("final_logit_softcapping", "head.softcap", softcap)
    return {**found, "language_modeling": replace(language, options=(*language.options, option))}


ACTIVATION = renamed({"gelu_pytorch_tanh": "gelu_tanh", **ACTIVATIONS})
SIZES = (
    *(
        option
        for option in with_default(with_default(LLAMA_SIZES, "num_key_value_heads", 4), "head_dim", 256)
        if not isinstance(option, Option) or option.theirs != "hidden_act"
    ),
    Option("hidden_activation", "feedforward.activation", "gelu_pytorch_tanh", **ACTIVATION),
    *ATTENTION_BIAS,
    Joint(
        ("query_pre_attn_scalar",),
        lambda found: {"attention.scale": found.get("query_pre_attn_scalar", 256) ** -0.5},
        write_scalar,
    ),
)
GEMMA = {
    **CHOICES,
    "embedding.kind": "tokens",
    "embedding.scaled": True,
    "norm.zero_centred": True,
    "residual": "sandwich",
}
RULES = body(attention_rules, {"gated": gated_rules}, norm_rules)
UNUSED = UNREAD | {"final_logit_softcapping", "hidden_act"}

GEMMA2 = Family(
    model_type="gemma2",
    prefix="model",
    options=(*SIZES, ROTARY, periodic_windows(2), Option("attn_logit_softcapping", "attention.softcap", 50.0)),
    choices=GEMMA,
    required={"use_bidirectional_attention": False},
    rules=RULES,
    heads=capped(heads("Gemma2", tied=True, lacks={"question_answering"}), 30.0),
    unread=UNUSED | {"sliding_window_size"},
    ignored=ANGLES,
)
