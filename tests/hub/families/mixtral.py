"""Tiny models of Mixtral."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 24,
    "num_local_experts": 6,
    "num_experts_per_tok": 3,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "pad_token_id": 0,
}
CASES = [
    Case("MixtralConfig", "MixtralForCausalLM", SIZES),
    Case("MixtralConfig", "MixtralForCausalLM", SIZES | {"sliding_window": 6, "tie_word_embeddings": True}, "left"),
    Case("MixtralConfig", "MixtralForCausalLM", SIZES | {"head_dim": 6, "num_experts_per_tok": 1, "rms_norm_eps": 0.1}),
    Case("MixtralConfig", "MixtralForSequenceClassification", SIZES | {"num_labels": 5}, "left"),
    Case("MixtralConfig", "MixtralForTokenClassification", SIZES | {"num_labels": 7}),
    Case("MixtralConfig", "MixtralForQuestionAnswering", SIZES),
]
