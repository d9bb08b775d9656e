"""Tiny models of nanochat."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "rms_norm_eps": 1e-3,
    "pad_token_id": 0,
}
YARN = {
    "rope_type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 9,
    "beta_fast": 2.0,
    "attention_factor": 1.0,
    "rope_theta": 70.0,
}
CASES = [
    Case("NanoChatConfig", "NanoChatForCausalLM", SIZES),
    Case("NanoChatConfig", "NanoChatForCausalLM", SIZES | {"final_logit_softcapping": None, "head_dim": 6}, "left"),
    Case("NanoChatConfig", "NanoChatForCausalLM", SIZES | {"attention_bias": True, "tie_word_embeddings": True}),
    Case("NanoChatConfig", "NanoChatForCausalLM", SIZES | {"rope_parameters": YARN, "final_logit_softcapping": 2.0}),
]
