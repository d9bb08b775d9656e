"""BERT (Devlin et al. 2019): post-norm, segments, a dense layer before each head."""

import re
from collections.abc import Iterable
from typing import Any

from cutaway.config.head import EmbeddingHeadConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.family import Family, HeadTable, is_tied
from cutaway.hub.options import ACTIVATION, Option
from cutaway.hub.weight_rules import Change, NoRow, Rule, Same, same

UNCHANGED = Same()


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body."""
    yield from embeddings(c)
    yield from layers(c)


def embeddings(c: ModelConfig, positions: Change = UNCHANGED) -> Iterable[Rule]:
    """The embedding; a model without segments has one of zeros."""
    tables = ("embeddings.word_embeddings.weight", "embeddings.token_type_embeddings.weight")
    if c.segments:
        yield Rule(tables, ("encoder.embed.tokens.weight", "encoder.embed.segments.weight"))
    else:
        yield Rule(tables, ("encoder.embed.tokens.weight",), NoRow())
    yield Rule(("embeddings.position_embeddings.weight",), ("encoder.embed.positions.weight",), positions)
    yield from same("embeddings.LayerNorm", "encoder.embed.norm")


def layers(
    c: ModelConfig, norms: tuple[str, str] = ("attention.output.LayerNorm", "output.LayerNorm")
) -> Iterable[Rule]:
    """The blocks, given the names of the norms of attention and feed-forward network."""
    for i in range(c.layers):
        theirs, ours = f"encoder.layer.{i}", f"encoder.{i}"
        for name in ("query", "key", "value"):
            yield from same(f"{theirs}.attention.self.{name}", f"{ours}.self_attention.{name}")
        yield from same(f"{theirs}.attention.output.dense", f"{ours}.self_attention.out")
        yield from same(f"{theirs}.intermediate.dense", f"{ours}.feedforward.up")
        yield from same(f"{theirs}.output.dense", f"{ours}.feedforward.down")
        yield from same(f"{theirs}.{norms[0]}", f"{ours}.self_attention_residual.norm")
        yield from same(f"{theirs}.{norms[1]}", f"{ours}.feedforward_residual.norm")


def language_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of masked language modelling."""
    yield from same("cls.predictions.transform.dense", "head.transform.dense")
    yield from same("cls.predictions.transform.LayerNorm", "head.transform.norm")
    yield from projection_rules(c, "cls.predictions")


def projection_rules(c: ModelConfig, head: str) -> Iterable[Rule]:
    """The logits of masked language modelling; a separate matrix has a bias of its own."""
    if is_tied(c):
        yield Rule((f"{head}.bias",), ("head.projection.bias",))
    else:
        yield from same(f"{head}.decoder", "head.projection")


def tied_or_not(head: str, table: str) -> dict[str, Any]:
    """The fields of `HeadTable` about the names of a head with or without the weights of the embedding."""
    return {
        "repeated": {f"{head}.decoder.weight": table, f"{head}.decoder.bias": f"{head}.bias"},
        "stand_ins": {f"{head}.bias": f"{head}.decoder.bias"},
    }


def unused_bias(head: str) -> dict[str, str]:
    """The bias that a separate matrix does not use."""
    return {re.escape(f"{head}.bias"): "a bias that a separate head does not use"}


def sequence_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of text classification."""
    yield from same("bert.pooler.dense", "head.dense")
    yield from same("classifier", "head.projection")


OPTIONS = (
    Option("vocab_size", "vocabulary", 30522),
    Option("hidden_size", "width", 768),
    Option("num_hidden_layers", "layers", 12),
    Option("num_attention_heads", "attention.heads", 12),
    Option("intermediate_size", "feedforward.hidden", 3072),
    Option("hidden_act", "feedforward.activation", "gelu", **ACTIVATION),
    Option("layer_norm_eps", "norm.epsilon", 1e-12),
    Option("type_vocab_size", "embedding.segments", 2, write=lambda segments: segments or 1),
    Option("hidden_dropout_prob", "dropout", 0.1),
    Option("attention_probs_dropout_prob", "attention.dropout", 0.1),
)
CHOICES = {
    "architecture": "encoder",
    "embedding.kind": "tokens",
    "embedding.norm": True,
    "position.kind": "learned",
    "attention.kind": "grouped",
    "attention.bias": True,
    "attention.out_bias": True,
    "feedforward.kind": "dense",
    "feedforward.bias": True,
    "norm.kind": "layer",
    "residual": "post",
    "final_norm": False,
}
LANGUAGE = {"head.kind": "language", "head.bias": True}
TIED = Option("tie_word_embeddings", "head.tied", True)
SEQUENCE = {"head.kind": "sequence", "head.pooling": "cls", "head.hidden": True}
REQUIRED = {
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
}
UNREAD = {"tie_word_embeddings"}
"""Of heads without logits of tokens."""
NO_SEGMENTS = {"embedding.segments": (0, 1)}
"""No segments are written as one."""
POOLER = {r"bert\.pooler\..*": "a pooler that this head does not read"}
NEXT_SENTENCE = {r"cls\.seq_relationship\..*": "a head for next sentences"}


def embedding_rules(c: ModelConfig) -> Iterable[Rule]:
    """The pooler of the first token, if the head has one."""
    if isinstance(c.head, EmbeddingHeadConfig) and c.head.hidden:
        yield from same("pooler.dense", "head.dense")


BERT = Family(
    model_type="bert",
    prefix="bert",
    options=(*OPTIONS, Option("max_position_embeddings", "context", 512)),
    choices=CHOICES,
    required=REQUIRED,
    rules=rules,
    heads={
        "masked_language_modeling": HeadTable(
            architecture="BertForMaskedLM",
            choices=LANGUAGE,
            rules=language_rules,
            options=(Option("hidden_act", "head.transform", "gelu", **ACTIVATION), TIED),
            ignored=POOLER | NEXT_SENTENCE | unused_bias("cls.predictions"),
            **tied_or_not("cls.predictions", "bert.embeddings.word_embeddings.weight"),
        ),
        "sentence_embedding": HeadTable(
            architecture="BertModel",
            choices={"head.kind": "embedding", "head.pooling": "cls", "head.hidden": True},
            rules=embedding_rules,
            ignored={r"(bert\.)?pooler\..*": "a pooler that this head does not read"},
        ),
        "sequence_classification": HeadTable(
            architecture="BertForSequenceClassification",
            choices=SEQUENCE,
            rules=sequence_rules,
        ),
        "token_classification": HeadTable(
            architecture="BertForTokenClassification",
            choices={"head.kind": "token"},
            rules=lambda c: same("classifier", "head.projection"),
            ignored=POOLER,
        ),
        "question_answering": HeadTable(
            architecture="BertForQuestionAnswering",
            choices={"head.kind": "token"},
            rules=lambda c: same("qa_outputs", "head.projection"),
            ignored=POOLER,
        ),
    },
    also={"BertForPreTraining": "masked_language_modeling"},
    unread=UNREAD,
    renamed={"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"},
    ignored={r"embeddings\.position_ids": "numbers of positions"},
    equivalent=NO_SEGMENTS,
)
