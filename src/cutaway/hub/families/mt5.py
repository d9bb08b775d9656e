"""mT5 (Xue et al. 2021): version 1.1 of T5 for many languages, whose logits are never scaled."""

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

from cutaway.hub.families.t5 import HEAD, T5, TIED, options

DEFAULTS = {
    "vocab_size": 250112,
    "n_positions": 1024,
    "num_heads": 6,
    "d_ff": 1024,
    "num_layers": 8,
    "feed_forward_proj": "gated-gelu",
}


def normalize_options(found: Mapping[str, Any], names: Container[str]) -> Mapping[str, Any]:
    """Corrects a config.json that calls a separate head tied, as the library writes it for every model."""
    return {**found, "tie_word_embeddings": found.get("tie_word_embeddings") is not False and HEAD not in names}


T5_HEAD = T5.heads["sequence_to_sequence"]
MT5 = replace(
    T5,
    model_type="mt5",
    options=options(DEFAULTS),
    heads={"sequence_to_sequence": replace(T5_HEAD, architecture="MT5ForConditionalGeneration", options=(TIED,))},
    also={},
    normalize=normalize_options,
)
