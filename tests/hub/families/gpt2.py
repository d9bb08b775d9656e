"""Tiny models of GPT-2."""

from hub.parity import Case

SIZES = {"n_layer": 3, "n_embd": 24, "n_head": 6, "vocab_size": 37, "n_positions": 17}
IDS = {"bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}
UNSCALED = {"scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True, "attn_implementation": "eager"}
CASES = [
    Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS),
    Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS | {"n_inner": 50, "activation_function": "relu"}, "left"),
    Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS | {"tie_word_embeddings": False, "layer_norm_epsilon": 0.1}),
    Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS | {"scale_attn_by_inverse_layer_idx": True}, "left"),
    Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS | {"scale_attn_weights": False}),
    Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS | UNSCALED | {"reorder_and_upcast_attn": True}),
    Case("GPT2Config", "GPT2ForSequenceClassification", SIZES | IDS | {"num_labels": 5}),
]
