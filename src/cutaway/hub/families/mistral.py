"""Mistral (Jiang et al. 2023): Llama with sliding-window attention."""

from cutaway.hub.families.llama import ANGLES, CHOICES, OPTIONS, RULES, UNREAD, heads
from cutaway.hub.family import Family
from cutaway.hub.options import Option, with_default

MISTRAL = Family(
    model_type="mistral",
    prefix="model",
    options=(
        *with_default(OPTIONS, "num_key_value_heads", 8),
        Option("sliding_window", "attention.window", 4096),
    ),
    choices=CHOICES,
    required={},
    rules=RULES,
    heads=heads("Mistral", answering=None),
    unread=UNREAD,
    ignored=ANGLES,
)
