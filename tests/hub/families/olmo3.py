"""Tiny models of OLMo 3."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 5,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "sliding_window": 6,
    "pad_token_id": 0,
    "eos_token_id": 2,
}
FULL, SLIDING = "full_attention", "sliding_attention"
YARN = {
    "rope_type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 9,
    "beta_fast": 2.0,
    "beta_slow": 0.5,
    "attention_factor": 1.3,
}
NEW = {
    "rope_parameters": {
        FULL: {"rope_theta": 70.0, **YARN},
        SLIDING: {"rope_theta": 50.0, "rope_type": "default"},
    }
}
CASES = [
    Case("Olmo3Config", "Olmo3ForCausalLM", SIZES),
    Case("Olmo3Config", "Olmo3ForCausalLM", SIZES | {"rope_scaling": YARN, "tie_word_embeddings": True}, "left"),
    Case("Olmo3Config", "Olmo3ForCausalLM", SIZES | NEW | {"attention_bias": True, "head_dim": 6}),
    Case("Olmo3Config", "Olmo3ForCausalLM", SIZES | {"num_hidden_layers": 2, "layer_types": [FULL, SLIDING]}, "left"),
    Case("Olmo3Config", "Olmo3ForSequenceClassification", SIZES | {"num_labels": 7}, "left"),
]
