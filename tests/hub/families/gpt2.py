"""Tiny models of GPT-2."""

from hub.parity import Case

SIZES = {"n_layer": 3, "n_embd": 24, "n_head": 6, "vocab_size": 37, "n_positions": 17}
IDS = {"bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}
CASES = [
    Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS),
    Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS | {"n_inner": 50, "activation_function": "relu"}, "left"),
    Case("GPT2Config", "GPT2LMHeadModel", SIZES | IDS | {"tie_word_embeddings": False, "layer_norm_epsilon": 0.1}),
    Case("GPT2Config", "GPT2ForSequenceClassification", SIZES | IDS | {"num_labels": 5}),
]
