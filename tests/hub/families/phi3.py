"""Tiny models of Phi-3."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
LONGROPE = {
    "rope_type": "longrope",
    "short_factor": [1.0, 1.1, 1.3, 1.6],
    "long_factor": [1.0, 1.5, 2.5, 4.0],
    "partial_rotary_factor": 0.8,
    "rope_theta": 70.0,
}
LONGER = {"original_max_position_embeddings": 9}
CASES = [
    Case("Phi3Config", "Phi3ForCausalLM", SIZES),
    Case("Phi3Config", "Phi3ForCausalLM", SIZES | {"sliding_window": 6, "tie_word_embeddings": True}, "left"),
    Case("Phi3Config", "Phi3ForCausalLM", SIZES | {"partial_rotary_factor": 0.6, "rms_norm_eps": 0.1}, "left"),
    Case("Phi3Config", "Phi3ForCausalLM", SIZES | LONGER | {"rope_parameters": LONGROPE}, apart=True),
    Case(
        "Phi3Config",
        "Phi3ForCausalLM",
        SIZES | LONGER | {"rope_parameters": LONGROPE | {"attention_factor": 1.3}},
        "left",
        apart=True,
    ),
    Case("Phi3Config", "Phi3ForSequenceClassification", SIZES | {"num_labels": 5}, "left"),
    Case("Phi3Config", "Phi3ForTokenClassification", SIZES | {"num_labels": 7}),
]
