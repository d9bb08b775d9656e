"""Tiny models of Qwen 2."""

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
}
WINDOW = {"use_sliding_window": True, "sliding_window": 6, "max_window_layers": 0}
WINDOWED = Case("Qwen2Config", "Qwen2ForCausalLM", SIZES | WINDOW | {"max_window_layers": 1})
ALTERNATING = ["sliding_attention", "full_attention", "sliding_attention"]
CASES = [
    Case("Qwen2Config", "Qwen2ForCausalLM", SIZES),
    Case("Qwen2Config", "Qwen2ForCausalLM", SIZES | {"tie_word_embeddings": True, "rms_norm_eps": 0.1}, "left"),
    Case("Qwen2Config", "Qwen2ForCausalLM", SIZES | WINDOW),
    WINDOWED,
    Case("Qwen2Config", "Qwen2ForCausalLM", SIZES | WINDOW | {"layer_types": ALTERNATING}, "left"),
    Case("Qwen2Config", "Qwen2ForSequenceClassification", SIZES | {"num_labels": 5}, "left"),
    Case("Qwen2Config", "Qwen2ForTokenClassification", SIZES | {"num_labels": 7}),
    Case("Qwen2Config", "Qwen2ForQuestionAnswering", SIZES),
]
