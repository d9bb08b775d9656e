"""OLMo 2 (OLMo Team 2025): Llama whose norms follow the sublayers, with norms of all queries and all keys."""

from collections.abc import Iterable

from cutaway.hub.families.llama import (
    ANGLES,
    ATTENTION_BIAS,
    CHOICES,
    SIZES,
    UNREAD,
    attention_rules,
    body,
    gated_rules,
    heads,
)
from cutaway.hub.family import Family
from cutaway.hub.options import with_default
from cutaway.hub.rotary import ROTARY
from cutaway.hub.weight_rules import Rule, same


def norm_rules(theirs: str, ours: str) -> Iterable[Rule]:
    """The norms of a layer: of the output of each sublayer."""
    yield from same(f"{theirs}.post_attention_layernorm", f"{ours}.self_attention_residual.norm", "weight")
    yield from same(f"{theirs}.post_feedforward_layernorm", f"{ours}.feedforward_residual.norm", "weight")


OLMO = {**CHOICES, "attention.qk_norm": True, "attention.qk_norm_joint": True, "residual": "res_post"}
OLMO_SIZES = (*with_default(SIZES, "rms_norm_eps", 1e-5), *ATTENTION_BIAS)
RULES = body(attention_rules, {"gated": gated_rules}, norm_rules)
LACKS = ("token_classification", "question_answering")

OLMO2 = Family(
    model_type="olmo2",
    prefix="model",
    options=(*OLMO_SIZES, ROTARY),
    choices=OLMO,
    required={},
    rules=RULES,
    heads=heads("Olmo2", lacks=LACKS),
    unread=UNREAD,
    ignored=ANGLES,
)
