"""Tiny models of ModernBERT."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 4,
    "hidden_size": 40,
    "num_attention_heads": 4,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "norm_eps": 1e-3,
    "local_attention": 6,
    "pad_token_id": 0,
}
FULL, SLIDING = "full_attention", "sliding_attention"
BASES = {FULL: {"rope_type": "default", "rope_theta": 90.0}, SLIDING: {"rope_type": "default", "rope_theta": 20.0}}
YARN = {"rope_type": "yarn", "rope_theta": 70.0, "factor": 4.0, "original_max_position_embeddings": 9}
SCALED = {FULL: YARN, SLIDING: {"rope_type": "linear", "rope_theta": 20.0, "factor": 3.0}}
BIASES = dict.fromkeys(("attention_bias", "mlp_bias", "norm_bias", "classifier_bias"), True)
CASES = [
    Case("ModernBertConfig", "ModernBertForMaskedLM", SIZES),
    Case("ModernBertConfig", "ModernBertForMaskedLM", SIZES | {"rope_parameters": BASES}, "left"),
    Case("ModernBertConfig", "ModernBertForMaskedLM", SIZES | BIASES | {"decoder_bias": False}),
    Case("ModernBertConfig", "ModernBertForMaskedLM", SIZES | {"tie_word_embeddings": False, "local_attention": 3}),
    Case("ModernBertConfig", "ModernBertForMaskedLM", SIZES | {"hidden_activation": "silu", "rope_parameters": SCALED}),
    Case("ModernBertConfig", "ModernBertForMaskedLM", SIZES | {"classifier_activation": "relu", "norm_eps": 0.1}),
    Case("ModernBertConfig", "ModernBertForMaskedLM", SIZES | {"global_attn_every_n_layers": 2}),
    Case("ModernBertConfig", "ModernBertForMaskedLM", SIZES | {"layer_types": [SLIDING, FULL, SLIDING, SLIDING]}),
    Case("ModernBertConfig", "ModernBertForMaskedLM", SIZES | {"layer_types": 4 * [SLIDING]}),
    Case("ModernBertConfig", "ModernBertForMaskedLM", SIZES | {"layer_types": 4 * [FULL]}),
    Case("ModernBertConfig", "ModernBertForSequenceClassification", SIZES | {"num_labels": 5}),
    Case(
        "ModernBertConfig",
        "ModernBertForSequenceClassification",
        SIZES | BIASES | {"num_labels": 3, "classifier_pooling": "mean", "classifier_activation": "silu"},
        "left",
    ),
    Case("ModernBertConfig", "ModernBertForTokenClassification", SIZES | {"num_labels": 6}),
    Case("ModernBertConfig", "ModernBertForQuestionAnswering", SIZES | {"classifier_bias": True}),
]
