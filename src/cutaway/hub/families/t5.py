"""T5 (Raffel et al. 2020) and its version 1.1: relative positions, unscaled scores, no biases."""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from cutaway.config.model import ModelConfig
from cutaway.hub.family import Family, HeadTable, is_tied
from cutaway.hub.options import ACTIVATION, Joint, Option, Options
from cutaway.hub.weight_rules import Rule

GATED = "gated-"
HEAD = "lm_head.weight"


def rules(c: ModelConfig) -> Iterable[Rule]:
    """Both stacks, which share an embedding."""
    yield Rule(("shared.weight",), ("encoder.embed.tokens.weight",))
    for stack, layers in (("encoder", c.encoder_layers or c.layers), ("decoder", c.layers)):
        first = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        yield Rule((first,), (f"{stack}.biases.table.weight",))
        for i in range(layers):
            yield from block_rules(c, f"{stack}.block.{i}.layer", f"{stack}.{i}", across=stack == "decoder")
        yield Rule((f"{stack}.final_layer_norm.weight",), (f"{stack}.norm.weight",))


def block_rules(c: ModelConfig, theirs: str, ours: str, *, across: bool) -> Iterable[Rule]:
    """One layer, whose sublayers are numbered."""
    attentions = [("SelfAttention", "self_attention")] + [("EncDecAttention", "cross_attention")] * across
    for i, (name, module) in enumerate(attentions):
        for letter, matrix in (("q", "query"), ("k", "key"), ("v", "value"), ("o", "out")):
            yield Rule((f"{theirs}.{i}.{name}.{letter}.weight",), (f"{ours}.{module}.{matrix}.weight",))
        yield Rule((f"{theirs}.{i}.layer_norm.weight",), (f"{ours}.{module}_residual.norm.weight",))
    last = f"{theirs}.{len(attentions)}"
    matrices = {"wi_0": "gate", "wi_1": "up"} if c.feedforward.kind == "gated" else {"wi": "up"}
    for name, matrix in {**matrices, "wo": "down"}.items():
        yield Rule((f"{last}.DenseReluDense.{name}.weight",), (f"{ours}.feedforward.{matrix}.weight",))
    yield Rule((f"{last}.layer_norm.weight",), (f"{ours}.feedforward_residual.norm.weight",))


def language_rules(c: ModelConfig) -> Iterable[Rule]:
    """A separate head, in version 1.1."""
    if not is_tied(c):
        yield Rule((HEAD,), ("head.projection.weight",))


def normalize_options(found: Mapping[str, Any], names: Container[str]) -> Mapping[str, Any]:
    """Corrects a config.json that calls a separate head tied.

    Version 1.1 was once identified by `tie_word_embeddings` only; its files still have a separate head.
    """
    scaled = found.get("scale_decoder_outputs", found.get("tie_word_embeddings") is not False)
    tied = scaled or (found.get("tie_word_embeddings") is not False and HEAD not in names)
    return {**found, "scale_decoder_outputs": scaled, "tie_word_embeddings": tied}


def _write_layers(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"num_layers": choices["encoder_layers"], "num_decoder_layers": choices["layers"]}


def _write_network(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    network = choices["feedforward"]
    start = {"dense": "", "gated": GATED}[network["kind"]]
    activation = ACTIVATION["write"](network["activation"])
    return {"feed_forward_proj": start + activation, "dense_act_fn": activation, "is_gated_act": bool(start)}


def _read_scale(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"head.scale": found.get("d_model", 512) ** -0.5 if found["scale_decoder_outputs"] else 1.0}


def _write_scale(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"scale_decoder_outputs": choices["head"]["scale"] == choices["width"] ** -0.5}


DEFAULTS = {
    "vocab_size": 32128,
    "n_positions": 512,
    "num_heads": 8,
    "d_ff": 2048,
    "num_layers": 6,
    "feed_forward_proj": "relu",
}


def options(defaults: Mapping[str, Any]) -> Options:
    """The options of the body, some of which have these defaults."""

    def read_layers(found: Mapping[str, Any]) -> Mapping[str, Any]:
        layers = found.get("num_layers", defaults["num_layers"])
        return {"encoder_layers": layers, "layers": found.get("num_decoder_layers") or layers}

    def read_network(found: Mapping[str, Any]) -> Mapping[str, Any]:
        named = found.get("feed_forward_proj", defaults["feed_forward_proj"])
        # Gated GELU is the tanh approximation, unless the other option says otherwise.
        activation = "gelu_new" if named == "gated-gelu" else named.removeprefix(GATED)
        network = {
            "kind": "gated" if named.startswith(GATED) else "dense",
            "activation": ACTIVATION["read"](found.get("dense_act_fn", activation)),
            "bias": False,
        }
        return {"feedforward": network}

    return (
        Option("vocab_size", "vocabulary", defaults["vocab_size"]),
        Option("n_positions", "context", defaults["n_positions"]),
        Option("d_model", "width", 512),
        Option("num_heads", "attention.heads", defaults["num_heads"]),
        Option("d_kv", "attention.head_width", 64),
        Option("d_ff", "feedforward.hidden", defaults["d_ff"]),
        Option("layer_norm_epsilon", "norm.epsilon", 1e-6),
        Option("relative_attention_num_buckets", "position.buckets", 32),
        Option("relative_attention_max_distance", "position.max_distance", 128),
        Option("dropout_rate", "dropout", 0.1),
        Option("dropout_rate", "attention.dropout", 0.1),
        Joint(("num_layers", "num_decoder_layers"), read_layers, _write_layers),
        Joint(("feed_forward_proj", "dense_act_fn", "is_gated_act"), read_network, _write_network),
    )


TIED = Option("tie_word_embeddings", "head.tied")
T5 = Family(
    model_type="t5",
    prefix="",
    options=options(DEFAULTS),
    choices={
        "architecture": "encoder_decoder",
        "position.kind": "relative",
        "attention.kind": "grouped",
        "attention.scale": 1.0,
        "norm.kind": "rms",
        "residual": "pre",
    },
    required={},
    rules=rules,
    heads={
        "sequence_to_sequence": HeadTable(
            architecture="T5ForConditionalGeneration",
            choices={"head.kind": "language"},
            rules=language_rules,
            options=(TIED, Joint(("scale_decoder_outputs",), _read_scale, _write_scale)),
            repeated={HEAD: "shared.weight"},
        )
    },
    also={"T5WithLMHeadModel": "sequence_to_sequence"},
    normalize=normalize_options,
    repeated={f"{stack}.embed_tokens.weight": "shared.weight" for stack in ("encoder", "decoder")},
    ignored={r"decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight": "unused biases"},
)
