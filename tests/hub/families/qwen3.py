"""Tiny models of Qwen 3."""

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
    "rms_norm_eps": 1e-3,
    "pad_token_id": 0,
}
WINDOW = {
    "use_sliding_window": True,
    "sliding_window": 6,
    "layer_types": ["full_attention", "sliding_attention", "full_attention"],
}
CASES = [
    Case("Qwen3Config", "Qwen3ForCausalLM", SIZES),
    Case("Qwen3Config", "Qwen3ForCausalLM", SIZES | {"tie_word_embeddings": True, "attention_bias": True}, "left"),
    Case("Qwen3Config", "Qwen3ForCausalLM", SIZES | WINDOW, "left"),
    Case("Qwen3Config", "Qwen3ForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("Qwen3Config", "Qwen3ForTokenClassification", SIZES | {"num_labels": 7}, "left"),
    Case("Qwen3Config", "Qwen3ForQuestionAnswering", SIZES),
]
