"""Tiny models of DistilBERT."""

from hub.parity import Case

SIZES = {"n_layers": 3, "dim": 24, "n_heads": 6, "hidden_dim": 50, "vocab_size": 37, "max_position_embeddings": 17}
CASES = [
    Case("DistilBertConfig", "DistilBertForMaskedLM", SIZES),
    Case("DistilBertConfig", "DistilBertForMaskedLM", SIZES | {"activation": "relu", "sinusoidal_pos_embds": True}),
    Case("DistilBertConfig", "DistilBertForMaskedLM", SIZES | {"tie_word_embeddings": False}),
    Case("DistilBertConfig", "DistilBertForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("DistilBertConfig", "DistilBertForTokenClassification", SIZES | {"num_labels": 6}),
    Case("DistilBertConfig", "DistilBertForQuestionAnswering", SIZES),
]
