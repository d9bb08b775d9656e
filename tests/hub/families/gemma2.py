"""Tiny models of Gemma 2."""

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
    "attn_logit_softcapping": 2.0,
    "final_logit_softcapping": 3.0,
    "pad_token_id": 0,
}
NO_CAPS = {"attn_logit_softcapping": None, "final_logit_softcapping": None}
FULL, SLIDING = "full_attention", "sliding_attention"
LINEAR = {"rope_type": "linear", "factor": 3.0, "rope_theta": 70.0}
CASES = [
    Case("Gemma2Config", "Gemma2ForCausalLM", SIZES),
    Case("Gemma2Config", "Gemma2ForCausalLM", SIZES | NO_CAPS | {"tie_word_embeddings": False}, "left"),
    Case("Gemma2Config", "Gemma2ForCausalLM", SIZES | {"attention_bias": True, "rms_norm_eps": 0.1}),
    Case("Gemma2Config", "Gemma2ForCausalLM", SIZES | {"hidden_activation": "silu", "rope_parameters": LINEAR}, "left"),
    Case("Gemma2Config", "Gemma2ForCausalLM", SIZES | {"layer_types": [FULL, FULL, SLIDING]}),
    Case("Gemma2Config", "Gemma2ForCausalLM", SIZES | {"layer_types": [FULL] * 3}),
    Case("Gemma2Config", "Gemma2ForCausalLM", SIZES | {"layer_types": [SLIDING] * 3}, "left"),
    Case("Gemma2Config", "Gemma2ForSequenceClassification", SIZES | {"num_labels": 5}, "left"),
    Case("Gemma2Config", "Gemma2ForTokenClassification", SIZES | {"num_labels": 7}),
]
