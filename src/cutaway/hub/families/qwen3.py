"""Qwen 3 (Qwen Team 2025): Llama with norms of queries and keys."""

from cutaway.hub.families.llama import ANGLES, ATTENTION_BIAS, CHOICES, OPTIONS, RULES, UNREAD, heads
from cutaway.hub.families.qwen2 import WINDOW
from cutaway.hub.family import Family
from cutaway.hub.options import with_default

SIZES = with_default(with_default(OPTIONS, "num_key_value_heads", 32), "head_dim", 128)

QWEN3 = Family(
    model_type="qwen3",
    prefix="model",
    options=(*SIZES, *ATTENTION_BIAS, WINDOW),
    choices={**CHOICES, "attention.qk_norm": True},
    required={},
    rules=RULES,
    heads=heads("Qwen3"),
    unread=UNREAD,
    ignored=ANGLES,
)
