"""DistilBERT (Sanh et al. 2019): half of BERT's layers, no segments, no pooler."""

from collections.abc import Iterable

from cutaway.config.model import ModelConfig
from cutaway.hub.families import bert
from cutaway.hub.family import Family, HeadTable, is_tied
from cutaway.hub.options import ACTIVATION, Option
from cutaway.hub.weight_rules import Rule, same

MODULES = {
    "attention.q_lin": "self_attention.query",
    "attention.k_lin": "self_attention.key",
    "attention.v_lin": "self_attention.value",
    "attention.out_lin": "self_attention.out",
    "sa_layer_norm": "self_attention_residual.norm",
    "ffn.lin1": "feedforward.up",
    "ffn.lin2": "feedforward.down",
    "output_layer_norm": "feedforward_residual.norm",
}


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body."""
    yield Rule(("embeddings.word_embeddings.weight",), ("encoder.embed.tokens.weight",))
    yield Rule(("embeddings.position_embeddings.weight",), ("encoder.embed.positions.weight",))
    yield from same("embeddings.LayerNorm", "encoder.embed.norm")
    for i in range(c.layers):
        for theirs, ours in MODULES.items():
            yield from same(f"transformer.layer.{i}.{theirs}", f"encoder.{i}.{ours}")


def language_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of masked language modelling."""
    yield from same("vocab_transform", "head.transform.dense")
    yield from same("vocab_layer_norm", "head.transform.norm")
    yield Rule(("vocab_projector.bias",), ("head.projection.bias",))
    if not is_tied(c):
        yield Rule(("vocab_projector.weight",), ("head.projection.weight",))


def sequence_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of text classification."""
    yield from same("pre_classifier", "head.dense")
    yield from same("classifier", "head.projection")


DISTILBERT = Family(
    model_type="distilbert",
    prefix="distilbert",
    options=(
        Option("vocab_size", "vocabulary", 30522),
        Option("max_position_embeddings", "context", 512),
        Option("dim", "width", 768),
        Option("n_layers", "layers", 6),
        Option("n_heads", "attention.heads", 12),
        Option("hidden_dim", "feedforward.hidden", 3072),
        Option("activation", "feedforward.activation", "gelu", **ACTIVATION),
        Option("dropout", "dropout", 0.1),
        Option("attention_dropout", "attention.dropout", 0.1),
    ),
    choices=bert.CHOICES | {"norm.epsilon": 1e-12},
    required={},
    rules=rules,
    heads={
        "masked_language_modeling": HeadTable(
            architecture="DistilBertForMaskedLM",
            choices=bert.LANGUAGE,
            rules=language_rules,
            options=(Option("activation", "head.transform", "gelu", **ACTIVATION), bert.TIED),
            repeated={"vocab_projector.weight": "distilbert.embeddings.word_embeddings.weight"},
        ),
        "sentence_embedding": HeadTable(
            architecture="DistilBertModel",
            choices={"head.kind": "embedding", "head.pooling": "mean"},
        ),
        "sequence_classification": HeadTable(
            architecture="DistilBertForSequenceClassification",
            choices=bert.SEQUENCE | {"head.activation": "relu"},
            rules=sequence_rules,
        ),
        "token_classification": HeadTable(
            architecture="DistilBertForTokenClassification",
            choices={"head.kind": "token"},
            rules=lambda c: same("classifier", "head.projection"),
        ),
        "question_answering": HeadTable(
            architecture="DistilBertForQuestionAnswering",
            choices={"head.kind": "token"},
            rules=lambda c: same("qa_outputs", "head.projection"),
        ),
    },
    unread={*bert.UNREAD, "tie_weights_", "sinusoidal_pos_embds", "qa_dropout", "seq_classif_dropout"},
    renamed=bert.BERT.renamed,
    ignored=bert.BERT.ignored,
)
