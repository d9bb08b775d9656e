"""Tiny models of GPT-NeoX."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 48,
    "num_attention_heads": 6,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "pad_token_id": 0,
}
LINEAR = {"rope_type": "linear", "factor": 3.0, "rope_theta": 70.0, "partial_rotary_factor": 0.5}
CASES = [
    Case("GPTNeoXConfig", "GPTNeoXForCausalLM", SIZES),
    Case("GPTNeoXConfig", "GPTNeoXForCausalLM", SIZES | {"use_parallel_residual": False, "rotary_pct": 1.0}, "left"),
    Case("GPTNeoXConfig", "GPTNeoXForCausalLM", SIZES | {"attention_bias": False, "layer_norm_eps": 0.1}, "left"),
    Case("GPTNeoXConfig", "GPTNeoXForCausalLM", SIZES | {"tie_word_embeddings": True, "rotary_emb_base": 70}),
    Case("GPTNeoXConfig", "GPTNeoXForCausalLM", SIZES | {"rope_parameters": LINEAR, "hidden_act": "gelu_fast"}),
    Case("GPTNeoXConfig", "GPTNeoXForSequenceClassification", SIZES | {"num_labels": 5}, "left"),
    Case("GPTNeoXConfig", "GPTNeoXForTokenClassification", SIZES | {"num_labels": 7}),
    Case("GPTNeoXConfig", "GPTNeoXForQuestionAnswering", SIZES),
]
