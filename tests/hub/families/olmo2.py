"""Tiny models of OLMo 2."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "pad_token_id": 0,
    "eos_token_id": 2,
}
LINEAR = {"rope_type": "linear", "factor": 3.0, "rope_theta": 70.0}
CASES = [
    Case("Olmo2Config", "Olmo2ForCausalLM", SIZES),
    Case("Olmo2Config", "Olmo2ForCausalLM", SIZES | {"tie_word_embeddings": True, "rms_norm_eps": 0.1}, "left"),
    Case("Olmo2Config", "Olmo2ForCausalLM", SIZES | {"attention_bias": True, "head_dim": 6}),
    Case("Olmo2Config", "Olmo2ForCausalLM", SIZES | {"rope_parameters": LINEAR, "num_key_value_heads": 1}, "left"),
    Case("Olmo2Config", "Olmo2ForSequenceClassification", SIZES | {"num_labels": 5}, "left"),
]
