"""GPT-NeoX and Pythia (Black et al. 2022, Biderman et al. 2023): parallel sublayers, a part of each head rotated."""

from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.config.explicit import head_width
from cutaway.config.model import ModelConfig
from cutaway.hub.families.gpt2 import ZERO_BIAS, score_rules
from cutaway.hub.families.llama import parts
from cutaway.hub.family import Family, HeadTable, is_tied
from cutaway.hub.options import ACTIVATION, Joint, Option, renamed
from cutaway.hub.rotary import THEIRS, partial_rotary
from cutaway.hub.weight_rules import Chain, PermuteRows, Rule, Split, same

HEAD = "embed_out.weight"
NORMS = {
    "parallel_norms": ("self_attention_norm", "feedforward_norm"),
    "pre": ("self_attention_residual.norm", "feedforward_residual.norm"),
}
"""The names of a layer's norms, by where they are."""


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body."""
    yield Rule(("embed_in.weight",), ("decoder.embed.tokens.weight",))
    heads = PermuteRows(by_head(c.attention.heads, head_width(c)))
    thirds = Chain((heads, Split((c.attention.heads * head_width(c),) * 3)))
    for i in range(c.layers):
        theirs, ours = f"layers.{i}", f"decoder.{i}"
        for part in parts(bias=c.attention.bias):
            names = tuple(f"{ours}.self_attention.{name}.{part}" for name in ("query", "key", "value"))
            yield Rule((f"{theirs}.attention.query_key_value.{part}",), names, thirds)
        dense = parts(bias=c.attention.out_bias)
        yield from same(f"{theirs}.attention.dense", f"{ours}.self_attention.out", *dense)
        yield from same(f"{theirs}.mlp.dense_h_to_4h", f"{ours}.feedforward.up")
        yield from same(f"{theirs}.mlp.dense_4h_to_h", f"{ours}.feedforward.down")
        for name, norm in zip(("input_layernorm", "post_attention_layernorm"), NORMS[c.residual], strict=True):
            yield from same(f"{theirs}.{name}", f"{ours}.{norm}")
    yield from same("final_layer_norm", "decoder.norm")


def by_head(heads: int, width: int) -> tuple[int, ...]:
    """The order of rows for `PermuteRows` if a file has query, key and value of the first head, then of the next."""
    return tuple(
        (3 * head + third) * width + row for third in range(3) for head in range(heads) for row in range(width)
    )


def language_rules(c: ModelConfig) -> Iterable[Rule]:
    """A separate head, unless it shares the embedding."""
    if not is_tied(c):
        yield Rule((HEAD,), ("head.projection.weight",))


SIZES = {"hidden_size": 6144, "num_attention_heads": 64, "max_position_embeddings": 2048}
"""The sizes of a file that does not say, on which rotary positions depend."""
ROTARY = partial_rotary("rotary_pct", 0.25)


def read_rotary(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rotary positions, whose base has a name of its own outside `rope_parameters`."""
    return ROTARY.read({**SIZES, **found, "rope_theta": found.get("rotary_emb_base", 10_000)})


def write_rotary(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that mean them."""
    written = dict(ROTARY.write(choices))
    return {"rotary_emb_base": written.pop("rope_theta"), **written}


GPT_NEOX = Family(
    model_type="gpt_neox",
    prefix="gpt_neox",
    options=(
        Option("vocab_size", "vocabulary", 50432),
        Option("max_position_embeddings", "context", SIZES["max_position_embeddings"]),
        Option("hidden_size", "width", SIZES["hidden_size"]),
        Option("num_hidden_layers", "layers", 44),
        Option("num_attention_heads", "attention.heads", SIZES["num_attention_heads"]),
        Option("attention_bias", "attention.bias", True),
        Option("attention_bias", "attention.out_bias", True),
        Option("intermediate_size", "feedforward.hidden", 24576),
        Option("hidden_act", "feedforward.activation", "gelu", **ACTIVATION),
        Option("layer_norm_eps", "norm.epsilon", 1e-5),
        Option("use_parallel_residual", "residual", True, **renamed({True: "parallel_norms", False: "pre"})),
        Joint((*THEIRS, "rotary_emb_base", "rotary_pct"), read_rotary, write_rotary),
        Option("hidden_dropout", "dropout", 0.0),
        Option("attention_dropout", "attention.dropout", 0.0),
    ),
    choices={
        "architecture": "decoder",
        "position.kind": "rotary",
        "attention.kind": "grouped",
        "feedforward.kind": "dense",
        "feedforward.bias": True,
        "norm.kind": "layer",
    },
    required={},
    rules=rules,
    heads={
        "language_modeling": HeadTable(
            architecture="GPTNeoXForCausalLM",
            choices={"head.kind": "language"},
            rules=language_rules,
            options=(Option("tie_word_embeddings", "head.tied", False),),
            repeated={HEAD: "gpt_neox.embed_in.weight"},
        ),
        "sequence_classification": HeadTable(
            architecture="GPTNeoXForSequenceClassification",
            choices={"head.kind": "sequence", "head.pooling": "last", "head.bias": False},
            rules=score_rules,
            equivalent=ZERO_BIAS,
        ),
        "token_classification": HeadTable(
            architecture="GPTNeoXForTokenClassification",
            choices={"head.kind": "token"},
            rules=lambda c: same("classifier", "head.projection"),
        ),
        "question_answering": HeadTable(
            architecture="GPTNeoXForQuestionAnswering",
            choices={"head.kind": "token"},
            rules=lambda c: same("qa_outputs", "head.projection"),
        ),
        "sentence_embedding": HeadTable(
            architecture="GPTNeoXModel",
            choices={"head.kind": "embedding", "head.pooling": "last"},
        ),
    },
    unread={"partial_rotary_factor", "tie_word_embeddings"},
    renamed={"lm_head.weight": HEAD},
    ignored={
        r"layers\.\d+\.attention\.(bias|masked_bias)": "masks",
        r"(layers\.\d+\.attention\.)?rotary_emb\.inv_freq": "angles of positions",
    },
)
