"""Tiny models of ELECTRA."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 24,
    "embedding_size": 14,
    "num_attention_heads": 6,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
}
CASES = [
    Case("ElectraConfig", "ElectraForMaskedLM", SIZES),
    Case("ElectraConfig", "ElectraForMaskedLM", SIZES | {"embedding_size": 24, "layer_norm_eps": 0.1}),
    Case("ElectraConfig", "ElectraForMaskedLM", SIZES | {"hidden_act": "relu", "type_vocab_size": 3}),
    Case("ElectraConfig", "ElectraForMaskedLM", SIZES | {"tie_word_embeddings": False, "embedding_size": 30}),
    Case("ElectraConfig", "ElectraForSequenceClassification", SIZES | {"num_labels": 5, "hidden_act": "relu"}),
    Case("ElectraConfig", "ElectraForTokenClassification", SIZES | {"num_labels": 6}),
    Case("ElectraConfig", "ElectraForQuestionAnswering", SIZES | {"type_vocab_size": 1}),
]
