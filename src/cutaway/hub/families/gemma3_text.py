"""Gemma 3 without images (Gemma Team 2025): Gemma 2 with norms of queries and keys, and own rotary bases by layer."""

from dataclasses import replace

from cutaway.hub.families.gemma2 import GEMMA, RULES, SIZES, UNUSED, capped
from cutaway.hub.families.llama import ANGLES, heads
from cutaway.hub.family import Family
from cutaway.hub.layer_types import FULL, SLIDING
from cutaway.hub.rotary_by_layer import layers_by_type

BASES = {FULL: 1_000_000.0, SLIDING: 10_000.0}
LAYERS = layers_by_type(6, BASES, local_base="rope_local_base_freq", period_name="sliding_window_pattern")
OTHER_NAMES = {
    "sequence_classification": "Gemma3TextForSequenceClassification",
    "sentence_embedding": "Gemma3TextModel",
}
HEADS = {
    task: replace(table, architecture=OTHER_NAMES.get(task, table.architecture))
    for task, table in heads("Gemma3", tied=True, lacks={"question_answering", "token_classification"}).items()
}

GEMMA3_TEXT = Family(
    model_type="gemma3_text",
    prefix="model",
    options=(*SIZES, LAYERS),
    choices={**GEMMA, "attention.qk_norm": True},
    required={"use_bidirectional_attention": False, "attn_logit_softcapping": None},
    rules=RULES,
    heads=capped(HEADS, None),
    unread=UNUSED | {"_sliding_window_pattern"},
    ignored=ANGLES,
)
