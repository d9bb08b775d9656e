"""Tiny models of RoBERTa and its variant with norms first."""

from typing import Any

from hub.parity import Case

SIZES = {
    "num_hidden_layers": 3,
    "hidden_size": 24,
    "num_attention_heads": 6,
    "intermediate_size": 50,
    "vocab_size": 37,
    "max_position_embeddings": 17,
    "type_vocab_size": 1,
}
POSITIONS = "embeddings.position_embeddings.weight"


def case(head: str, prefix: str = "roberta", **options: Any) -> Case:
    """Rows of positions up to that of padding are of no text."""
    name = {"roberta": "Roberta", "roberta_prelayernorm": "RobertaPreLayerNorm"}[prefix]
    unused = {f"{prefix}.{POSITIONS}": options.get("pad_token_id", 1) + 1}
    return Case(f"{name}Config", f"{name}For{head}", SIZES | options, unused=unused)


CASES = [
    case("MaskedLM"),
    case("MaskedLM", hidden_act="relu", type_vocab_size=2, layer_norm_eps=0.1),
    case("MaskedLM", pad_token_id=0),
    case("MaskedLM", tie_word_embeddings=False),
    case("SequenceClassification", num_labels=5),
    case("TokenClassification", num_labels=6),
    case("QuestionAnswering"),
    case("MaskedLM", "roberta_prelayernorm"),
    case("MaskedLM", "roberta_prelayernorm", pad_token_id=3, type_vocab_size=3),
    case("MaskedLM", "roberta_prelayernorm", tie_word_embeddings=False),
    case("SequenceClassification", "roberta_prelayernorm", num_labels=5, hidden_act="relu"),
    case("TokenClassification", "roberta_prelayernorm", num_labels=6),
]
