"""OPT (Zhang et al. 2022): learned positions, ReLU, norms before or after each sublayer."""

from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.config.feedforward import DenseConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.families.gpt2 import ZERO_BIAS, score_rules
from cutaway.hub.families.llama import language_rules, parts
from cutaway.hub.family import Family, HeadTable
from cutaway.hub.options import ACTIVATION, Joint, Option
from cutaway.hub.weight_rules import Rule, SkipRows, same

UNUSED_POSITIONS = 2


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body."""
    yield Rule(("decoder.embed_tokens.weight",), ("decoder.embed.tokens.weight",))
    positions = ("decoder.embed_positions.weight",), ("decoder.embed.positions.weight",)
    yield Rule(*positions, SkipRows(UNUSED_POSITIONS))
    a, f = c.attention, c.feedforward
    inside = parts(bias=isinstance(f, DenseConfig) and f.bias)
    for i in range(c.layers):
        theirs, ours = f"decoder.layers.{i}", f"decoder.{i}"
        for name, module in (("q_proj", "query"), ("k_proj", "key"), ("v_proj", "value")):
            yield from same(f"{theirs}.self_attn.{name}", f"{ours}.self_attention.{module}", *parts(bias=a.bias))
        yield from same(f"{theirs}.self_attn.out_proj", f"{ours}.self_attention.out", *parts(bias=a.out_bias))
        yield from same(f"{theirs}.fc1", f"{ours}.feedforward.up", *inside)
        yield from same(f"{theirs}.fc2", f"{ours}.feedforward.down", *inside)
        for name, norm in (("self_attn_layer_norm", "self_attention"), ("final_layer_norm", "feedforward")):
            yield from _norm(c, f"{theirs}.{name}", f"{ours}.{norm}_residual.norm")
    if c.final_norm:
        yield from _norm(c, "decoder.final_layer_norm", "decoder.norm")
    if c.token_width != c.width:
        yield from same("decoder.project_in", "decoder.embed.token_projection", "weight")
        yield from same("decoder.project_out", "head.transform", "weight")


def _norm(c: ModelConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """A norm, which may have no weights."""
    if c.norm.weight:
        yield from same(theirs, ours)


def read_norms(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where norms are; only where they precede sublayers is there one after the last layer."""
    before = found.get("do_layer_norm_before", True)
    is_last = before and not found.get("_remove_final_layer_norm", False)
    return {"residual": "pre" if before else "post", "final_norm": is_last}


def write_norms(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that mean it."""
    before = {"pre": True, "post": False}[choices["residual"]]
    return {"do_layer_norm_before": before, "_remove_final_layer_norm": before and not choices["final_norm"]}


def read_widths(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The width of the model, and that of its embedding if it is another, as in OPT-350m."""
    width = found.get("hidden_size", 768)
    own = found.get("word_embed_proj_dim")
    if own in (None, width):
        return {"width": width}
    return {"width": width, "embedding.token_width": own, "embedding.projected": "tokens"}


def write_widths(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that mean it."""
    width = choices["width"]
    return {"hidden_size": width, "word_embed_proj_dim": choices["embedding"]["token_width"] or width}


def read_one_width(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The width of a model whose head reads vectors as wide as its embedding.

    Raises:
        ValueError: they are not as wide as its hidden states.
    """
    widths = read_widths(found)
    if len(widths) > 1:
        raise ValueError(
            f"only a language model may have an embedding of another width than the {widths['width']} of hidden states"
        )
    return widths


WIDTHS = ("hidden_size", "word_embed_proj_dim")
ONE_WIDTH = Joint(WIDTHS, read_one_width, write_widths)

OPT = Family(
    model_type="opt",
    prefix="model",
    options=(
        Option("vocab_size", "vocabulary", 50272),
        Option("max_position_embeddings", "context", 2048),
        Option("num_hidden_layers", "layers", 12),
        Option("num_attention_heads", "attention.heads", 12),
        Option("ffn_dim", "feedforward.hidden", 3072),
        Option("activation_function", "feedforward.activation", "relu", **ACTIVATION),
        Option("enable_bias", "attention.bias", True),
        Option("enable_bias", "attention.out_bias", True),
        Option("enable_bias", "feedforward.bias", True),
        Option("layer_norm_elementwise_affine", "norm.weight", True),
        Option("layer_norm_elementwise_affine", "norm.bias", True),
        Joint(("do_layer_norm_before", "_remove_final_layer_norm"), read_norms, write_norms),
        Option("dropout", "dropout", 0.1),
        Option("attention_dropout", "attention.dropout", 0.0),
    ),
    choices={
        "architecture": "decoder",
        "position.kind": "learned",
        "attention.kind": "grouped",
        "feedforward.kind": "dense",
        "norm.kind": "layer",
        "norm.epsilon": 1e-5,
    },
    required={},
    rules=rules,
    heads={
        "language_modeling": HeadTable(
            architecture="OPTForCausalLM",
            choices={"head.kind": "language"},
            rules=language_rules,
            options=(Option("tie_word_embeddings", "head.tied", True), Joint(WIDTHS, read_widths, write_widths)),
            repeated={"lm_head.weight": "model.decoder.embed_tokens.weight"},
        ),
        "sequence_classification": HeadTable(
            architecture="OPTForSequenceClassification",
            choices={"head.kind": "sequence", "head.pooling": "last", "head.bias": False},
            rules=score_rules,
            options=(ONE_WIDTH,),
            equivalent=ZERO_BIAS,
        ),
        "question_answering": HeadTable(
            architecture="OPTForQuestionAnswering",
            choices={"head.kind": "token"},
            rules=lambda c: same("qa_outputs", "head.projection"),
            options=(ONE_WIDTH,),
        ),
        "sentence_embedding": HeadTable(
            architecture="OPTModel",
            choices={"head.kind": "embedding", "head.pooling": "last"},
            options=(ONE_WIDTH,),
        ),
    },
    unread={"activation_dropout", "init_std", "layerdrop", "learned_embeddings", "tie_word_embeddings"},
    ignored={r"decoder\.version": "a version number of older files"},
)
