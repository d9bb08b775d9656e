"""Tiny models of OPT."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 24,
    "num_attention_heads": 6,
    "ffn_dim": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "pad_token_id": 1,
}
UNUSED = {"model.decoder.embed_positions.weight": 2}
AFTER = {"do_layer_norm_before": False, "activation_function": "gelu"}
BARE = {"enable_bias": False, "layer_norm_elementwise_affine": False}
CASES = [
    Case("OPTConfig", "OPTForCausalLM", SIZES, unused=UNUSED),
    Case("OPTConfig", "OPTForCausalLM", SIZES | AFTER, "left", unused=UNUSED),
    Case("OPTConfig", "OPTForCausalLM", SIZES | {"_remove_final_layer_norm": True}, unused=UNUSED),
    Case("OPTConfig", "OPTForCausalLM", SIZES | BARE | {"tie_word_embeddings": False}, "left", unused=UNUSED),
    Case("OPTConfig", "OPTForCausalLM", SIZES | AFTER | {"word_embed_proj_dim": 14}, "left", unused=UNUSED),
    Case(
        "OPTConfig", "OPTForCausalLM", SIZES | {"word_embed_proj_dim": 30, "tie_word_embeddings": False}, unused=UNUSED
    ),
    Case("OPTConfig", "OPTForSequenceClassification", SIZES | {"num_labels": 5}, "left", unused=UNUSED),
    Case("OPTConfig", "OPTForQuestionAnswering", SIZES, unused=UNUSED),
]
