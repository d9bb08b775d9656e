"""Tiny models of BERT."""

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 24,
    "num_attention_heads": 6,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
}
CASES = [
    Case("BertConfig", "BertForMaskedLM", SIZES),
    Case("BertConfig", "BertForMaskedLM", SIZES | {"hidden_act": "gelu_new", "type_vocab_size": 3}),
    Case("BertConfig", "BertForMaskedLM", SIZES | {"layer_norm_eps": 0.1}),
    Case("BertConfig", "BertForMaskedLM", SIZES | {"tie_word_embeddings": False}),
    Case("BertConfig", "BertForSequenceClassification", SIZES | {"num_labels": 5}),
    Case("BertConfig", "BertForTokenClassification", SIZES | {"num_labels": 6}),
    Case("BertConfig", "BertForQuestionAnswering", SIZES),
]
