"""Tiny models of SmolLM3."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "no_rope_layer_interval": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
FULL, SLIDING = "full_attention", "sliding_attention"
WINDOW = {"use_sliding_window": True, "sliding_window": 6}
LINEAR = {"rope_type": "linear", "factor": 3.0, "rope_theta": 70.0}
LAST = {"no_rope_layers": [1, 1, 0]}
CASES = [
    Case("SmolLM3Config", "SmolLM3ForCausalLM", SIZES),
    Case(
        "SmolLM3Config", "SmolLM3ForCausalLM", SIZES | LAST | {"tie_word_embeddings": False, "mlp_bias": True}, "left"
    ),
    Case("SmolLM3Config", "SmolLM3ForCausalLM", SIZES | WINDOW | {"rope_parameters": LINEAR}, "left"),
    Case("SmolLM3Config", "SmolLM3ForCausalLM", SIZES | WINDOW | LAST | {"layer_types": [FULL, FULL, SLIDING]}),
    Case("SmolLM3Config", "SmolLM3ForCausalLM", SIZES | WINDOW | LAST | {"layer_types": [SLIDING, SLIDING, FULL]}),
    Case("SmolLM3Config", "SmolLM3ForCausalLM", SIZES | WINDOW | LAST | {"layer_types": [SLIDING] * 3}, "left"),
    Case("SmolLM3Config", "SmolLM3ForCausalLM", SIZES | {"no_rope_layers": [0, 0, 0], "attention_bias": True}),
    Case("SmolLM3Config", "SmolLM3ForCausalLM", SIZES | {"no_rope_layers": [1, 1, 1, 0], "rms_norm_eps": 0.1}),
    Case("SmolLM3Config", "SmolLM3ForSequenceClassification", SIZES | {"num_labels": 5}, "left"),
    Case("SmolLM3Config", "SmolLM3ForTokenClassification", SIZES | {"num_labels": 7}),
    Case("SmolLM3Config", "SmolLM3ForQuestionAnswering", SIZES),
]
