"""Tiny models of Mistral."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "sliding_window": 6,
    "pad_token_id": 0,
}
CASES = [
    Case("MistralConfig", "MistralForCausalLM", SIZES),
    Case("MistralConfig", "MistralForCausalLM", SIZES | {"tie_word_embeddings": True, "head_dim": 6}, "left"),
    Case("MistralConfig", "MistralForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("MistralConfig", "MistralForTokenClassification", SIZES | {"num_labels": 7}, "left"),
    Case("MistralConfig", "MistralForQuestionAnswering", SIZES),
]
