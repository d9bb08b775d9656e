"""Tiny models of T5, its version 1.1, and mT5."""

from typing import Any

from hub.parity import Case

SIZES = {
    "num_layers": 2,
    "num_decoder_layers": 3,
    "d_model": 24,
    "d_kv": 5,
    "num_heads": 6,
    "d_ff": 50,
    "vocab_size": 37,
    "relative_attention_num_buckets": 8,
    "relative_attention_max_distance": 9,
    "decoder_start_token_id": 0,
}
COPIES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")


def case(name: str = "T5", **options: Any) -> Case:
    """A model that writes."""
    return Case(f"{name}Config", f"{name}ForConditionalGeneration", SIZES | options)


CASES = [
    case(),
    case(feed_forward_proj="gated-gelu", layer_norm_epsilon=0.1),
    case(feed_forward_proj="gated-gelu", dense_act_fn="gelu", tie_word_embeddings=False),
    case(feed_forward_proj="gated-silu", tie_word_embeddings=False),
    case("MT5"),
    case("MT5", feed_forward_proj="relu", layer_norm_epsilon=0.1),
    case("MT5", dense_act_fn="gelu"),
]
