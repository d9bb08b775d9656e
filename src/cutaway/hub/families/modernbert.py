"""ModernBERT (Warner et al. 2024): rotary positions, windows in most layers, gated networks, few biases."""

from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.config.explicit import hidden_width
from cutaway.config.feedforward import GatedConfig
from cutaway.config.head import LanguageHeadConfig, SequenceHeadConfig, TokenHeadConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.families.llama import parts
from cutaway.hub.family import Family, HeadTable, is_tied
from cutaway.hub.layer_types import (
    FULL,
    SLIDING,
    TYPES,
    Layer,
    read_layers,
    read_types,
    write_windows,
    written_layers,
)
from cutaway.hub.options import ACTIVATION, Joint, Option, renamed
from cutaway.hub.rotary import read_rotary, write_rotary
from cutaway.hub.weight_rules import Rule, Split, same

BASES = {FULL: ("global_rope_theta", 160_000.0), SLIDING: ("local_rope_theta", 10_000.0)}
"""By kind of layer, the option of its base in older files, and its default."""


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body."""
    yield Rule(("embeddings.tok_embeddings.weight",), ("encoder.embed.tokens.weight",))
    yield from norm_rules(c, "embeddings.norm", "encoder.embed.norm")
    for i in range(c.layers):
        theirs, ours = f"layers.{i}", f"encoder.{i}"
        yield from layer_rules(c, theirs, ours)
        if i or c.first_norm:
            yield from norm_rules(c, f"{theirs}.attn_norm", f"{ours}.self_attention_residual.norm")
        yield from norm_rules(c, f"{theirs}.mlp_norm", f"{ours}.feedforward_residual.norm")
    yield from norm_rules(c, "final_norm", "encoder.norm")


def layer_rules(c: ModelConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """Attention and the feed-forward network; the layers that read the same vector are one."""
    a, f = c.attention, c.feedforward
    hidden, bias = hidden_width(c, f), isinstance(f, GatedConfig) and f.bias
    for part in parts(bias=a.bias):
        names = tuple(f"{ours}.self_attention.{name}.{part}" for name in ("query", "key", "value"))
        yield Rule((f"{theirs}.attn.Wqkv.{part}",), names, Split((c.width, c.width, c.width)))
    yield from same(f"{theirs}.attn.Wo", f"{ours}.self_attention.out", *parts(bias=a.out_bias))
    for part in parts(bias=bias):
        names = tuple(f"{ours}.feedforward.{name}.{part}" for name in ("gate", "up"))
        yield Rule((f"{theirs}.mlp.Wi.{part}",), names, Split((hidden, hidden)))
    yield from same(f"{theirs}.mlp.Wo", f"{ours}.feedforward.down", *parts(bias=bias))


def norm_rules(c: ModelConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """A norm, usually without a bias."""
    return same(theirs, ours, *parts(bias=c.norm.kind == "layer" and c.norm.bias))


def transform_rules(c: ModelConfig) -> Iterable[Rule]:
    """The dense layer and the norm before any logits."""
    if isinstance(c.head, LanguageHeadConfig | SequenceHeadConfig | TokenHeadConfig):
        yield from same("head.dense", "head.transform.dense", *parts(bias=c.head.transform_bias))
        yield from norm_rules(c, "head.norm", "head.transform.norm")


def language_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of masked language modelling."""
    yield from transform_rules(c)
    if isinstance(c.head, LanguageHeadConfig) and c.head.bias:
        yield Rule(("decoder.bias",), ("head.projection.bias",))
    if not is_tied(c):
        yield Rule(("decoder.weight",), ("head.projection.weight",))


def label_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of a class that predicts labels."""
    yield from transform_rules(c)
    yield from same("classifier", "head.projection")


def read_kinds(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The windows and rotary positions of the layers.

    Raises:
        ValueError: there are other kinds of layers, or not as many as layers.
    """
    count = found.get("num_hidden_layers", 22)
    usual = pattern(count, found.get("global_attn_every_n_layers", 3))
    half = found.get("sliding_window")  # a later name
    window = (found.get("local_attention", 128) // 2 if half is None else half) + 1
    kinds = {FULL: Layer(None, read_positions(found, FULL)), SLIDING: Layer(window, read_positions(found, SLIDING))}
    return read_layers([kinds[kind] for kind in read_types({**found, "num_hidden_layers": count}, usual)])


def write_kinds(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inverse, with the options of older files where they suffice.

    Raises:
        KeyError: positions are not rotary.
        ValueError: layers with a window differ in it.
    """
    layers = written_layers(choices)
    types, window = write_windows(layers).values()
    positions = {kind: write_rotary({"position": one.position}) for kind, one in zip(types, layers, strict=True)}
    regular = [n for n in range(1, len(types) + 1) if pattern(len(types), n) == types]
    return {
        **({"global_attn_every_n_layers": regular[0]} if regular else {TYPES: types}),
        **({} if window is None else {"local_attention": 2 * (window - 1)}),
        **write_positions(positions),
    }


def pattern(count: int, every: int) -> list[str]:
    """The kinds of layers of which every so many, from the first, are global."""
    return [SLIDING if i % every else FULL for i in range(count)]


def read_positions(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The rotary positions of one kind of layers.

    Raises:
        ValueError: the options are not by kind, or not implemented.
    """
    by_kind = found.get("rope_parameters") or {}
    if not by_kind.keys() <= {FULL, SLIDING}:
        raise ValueError(f"rope_parameters has to have options for {FULL} and {SLIDING}")
    name, default = BASES[kind]
    options = {"rope_theta": found.get(name, default), **(by_kind.get(kind) or {}), **(found.get("rope_scaling") or {})}
    sizes = {"max_position_embeddings": found.get("max_position_embeddings", 8192)}
    read = read_rotary({**sizes, "rope_parameters": options})
    return {"kind": "rotary", "base": read["position.base"], "scaling": read["position.scaling"]}


def write_positions(written: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The options of rotary positions, given those of each kind of layers as other families have them."""
    if not any(options["rope_scaling"] for options in written.values()):
        return {BASES[kind][0]: options["rope_theta"] for kind, options in written.items()}
    return {
        "rope_parameters": {
            kind: {"rope_type": "default", **(options["rope_scaling"] or {}), "rope_theta": options["rope_theta"]}
            for kind, options in written.items()
        }
    }


LAYERS = Joint(
    (
        *(TYPES, "global_attn_every_n_layers", "local_attention", "sliding_window"),
        *("rope_parameters", "rope_scaling", "global_rope_theta", "local_rope_theta"),
    ),
    read_kinds,
    write_kinds,
)
TRANSFORM = (
    Option("classifier_activation", "head.transform", "gelu", **ACTIVATION),
    Option("classifier_bias", "head.transform_bias", False),
)
POOLING = Option("classifier_pooling", "head.pooling", "cls", **renamed({"cls": "cls", "mean": "mean"}))

MODERNBERT = Family(
    model_type="modernbert",
    prefix="model",
    options=(
        Option("vocab_size", "vocabulary", 50368),
        Option("max_position_embeddings", "context", 8192),
        Option("hidden_size", "width", 768),
        Option("num_hidden_layers", "layers", 22),
        Option("num_attention_heads", "attention.heads", 12),
        Option("attention_bias", "attention.bias", False),
        Option("attention_bias", "attention.out_bias", False),
        Option("intermediate_size", "feedforward.hidden", 1152),
        Option("hidden_activation", "feedforward.activation", "gelu", **ACTIVATION),
        Option("mlp_bias", "feedforward.bias", False),
        Option("norm_eps", "norm.epsilon", 1e-5),
        Option("norm_bias", "norm.bias", False),
        Option("mlp_dropout", "dropout", 0.0),
        Option("attention_dropout", "attention.dropout", 0.0),
        LAYERS,
    ),
    choices={
        "architecture": "encoder",
        "embedding.kind": "tokens",
        "embedding.norm": True,
        "position.kind": "rotary",
        "attention.kind": "grouped",
        "feedforward.kind": "gated",
        "norm.kind": "layer",
        "residual": "pre",
        "first_norm": False,
    },
    required={},
    rules=rules,
    heads={
        "masked_language_modeling": HeadTable(
            architecture="ModernBertForMaskedLM",
            choices={"head.kind": "language"},
            rules=language_rules,
            options=(
                *TRANSFORM,
                Option("decoder_bias", "head.bias", True),
                Option("tie_word_embeddings", "head.tied", True),
            ),
            repeated={"decoder.weight": "model.embeddings.tok_embeddings.weight"},
        ),
        "sentence_embedding": HeadTable(
            architecture="ModernBertModel",
            choices={"head.kind": "embedding", "head.pooling": "mean"},
        ),
        "sequence_classification": HeadTable(
            architecture="ModernBertForSequenceClassification",
            choices={"head.kind": "sequence"},
            rules=label_rules,
            options=(*TRANSFORM, POOLING),
        ),
        "token_classification": HeadTable(
            architecture="ModernBertForTokenClassification",
            choices={"head.kind": "token"},
            rules=label_rules,
            options=TRANSFORM,
        ),
        "question_answering": HeadTable(
            architecture="ModernBertForQuestionAnswering",
            choices={"head.kind": "token"},
            rules=label_rules,
            options=TRANSFORM,
        ),
    },
    unread={
        *("classifier_activation", "classifier_bias", "classifier_pooling", "decoder_bias", "tie_word_embeddings"),
        *("embedding_dropout", "initializer_cutoff_factor", "deterministic_flash_attn", "reference_compile"),
        *("sparse_prediction", "sparse_pred_ignore_index", "repad_logits_with_grad"),
        *("layer_norm_eps", "position_embedding_type"),
    },
)
