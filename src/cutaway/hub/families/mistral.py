"""Mistral (Jiang et al. 2023): Llama with sliding-window attention."""

from cutaway.hub.families.llama import ANGLES, CHOICES, OPTIONS, RULES, UNREAD, heads
from cutaway.hub.family import Family
from cutaway.hub.options import Option

MISTRAL = Family(
    model_type="mistral",
    prefix="model",
    options=(*OPTIONS, Option("sliding_window", "attention.window", 4096)),
    choices=CHOICES,
    required={},
    rules=RULES,
    heads=heads("Mistral", answering=None),
    unread=UNREAD,
    ignored=ANGLES,
)
