"""Tiny models of Gemma 3 without images."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 14,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "sliding_window": 6,
    "query_pre_attn_scalar": 11,
    "sliding_window_pattern": 3,
    "pad_token_id": 0,
}
FULL, SLIDING = "full_attention", "sliding_attention"
OLD = {"rope_theta": 70.0, "rope_local_base_freq": 50.0, "rope_scaling": {"rope_type": "linear", "factor": 3.0}}
NEW = {
    "rope_parameters": {
        FULL: {"rope_type": "linear", "factor": 2.0, "rope_theta": 90.0},
        SLIDING: {"rope_type": "linear", "factor": 3.0, "rope_theta": 60.0},
    }
}
CASES = [
    Case("Gemma3TextConfig", "Gemma3ForCausalLM", SIZES),
    Case("Gemma3TextConfig", "Gemma3ForCausalLM", SIZES | OLD | {"sliding_window_pattern": 2}, "left"),
    Case("Gemma3TextConfig", "Gemma3ForCausalLM", SIZES | NEW | {"final_logit_softcapping": 3.0}, "left"),
    Case("Gemma3TextConfig", "Gemma3ForCausalLM", SIZES | {"tie_word_embeddings": False, "attention_bias": True}),
    Case("Gemma3TextConfig", "Gemma3ForCausalLM", SIZES | OLD | {"layer_types": [FULL, FULL, SLIDING]}),
    Case("Gemma3TextConfig", "Gemma3ForCausalLM", SIZES | OLD | {"layer_types": [FULL] * 3}),
    Case("Gemma3TextConfig", "Gemma3ForCausalLM", SIZES | OLD | {"layer_types": [SLIDING] * 3}, "left"),
    Case("Gemma3TextConfig", "Gemma3TextForSequenceClassification", SIZES | OLD | {"num_labels": 5}),
]
