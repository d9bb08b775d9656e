"""GPT-2 (Radford et al. 2019): transposed matrices, with queries, keys and values in one."""

from collections.abc import Iterable

from cutaway.config.feedforward import DenseConfig
from cutaway.config.head import SequenceHeadConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.family import Family, HeadTable, is_tied
from cutaway.hub.options import ACTIVATION, Option
from cutaway.hub.weight_rules import Chain, Change, NoBias, Rule, Same, Split, Transpose, Without, same

UNCHANGED = Same()
BIASES = ("attention.bias", "attention.out_bias", "feedforward.bias", "norm.bias")


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body."""
    yield Rule(("wte.weight",), ("decoder.embed.tokens.weight",))
    yield Rule(("wpe.weight",), ("decoder.embed.positions.weight",))
    a, f, width = c.attention, c.feedforward, c.width
    thirds, has_bias = Split((width, width, width)), isinstance(f, DenseConfig) and f.bias
    for i in range(c.layers):
        theirs, ours = f"h.{i}", f"decoder.{i}"
        thirds_of = {part: _of_attention(ours, part) for part in ("weight", "bias")}
        yield Rule((f"{theirs}.attn.c_attn.weight",), thirds_of["weight"], Chain((Transpose(), thirds)))
        yield _bias(f"{theirs}.attn.c_attn", thirds_of["bias"], 3 * width, thirds, there=a.bias)
        for name, module, size, there in (
            ("attn.c_proj", "self_attention.out", width, a.out_bias),
            ("mlp.c_fc", "feedforward.up", f.hidden or 4 * width, has_bias),
            ("mlp.c_proj", "feedforward.down", width, has_bias),
        ):
            yield Rule((f"{theirs}.{name}.weight",), (f"{ours}.{module}.weight",), Transpose())
            yield _bias(f"{theirs}.{name}", (f"{ours}.{module}.bias",), size, there=there)
        for name, norm in (("ln_1", "self_attention_residual"), ("ln_2", "feedforward_residual")):
            yield from _norm(c, f"{theirs}.{name}", f"{ours}.{norm}.norm")
    yield from _norm(c, "ln_f", "decoder.norm")


def _of_attention(block: str, part: str) -> tuple[str, ...]:
    return tuple(f"{block}.self_attention.{name}.{part}" for name in ("query", "key", "value"))


def _norm(c: ModelConfig, theirs: str, ours: str) -> Iterable[Rule]:
    yield from same(theirs, ours, "weight")
    yield _bias(theirs, (f"{ours}.bias",), c.width, there=c.norm.kind == "layer" and c.norm.bias)


def _bias(theirs: str, ours: tuple[str, ...], size: int, change: Change = UNCHANGED, *, there: bool) -> Rule:
    """The rule of a bias; one that the model lacks is zeros in the file."""
    return Rule((f"{theirs}.bias",), ours, change) if there else Rule((f"{theirs}.bias",), (), Without((size,)))


def language_rules(c: ModelConfig) -> Iterable[Rule]:
    """A separate head, unless it shares the embedding."""
    if not is_tied(c):
        yield Rule(("lm_head.weight",), ("head.projection.weight",))


def score_rules(c: ModelConfig) -> Iterable[Rule]:
    """The head of text classification; a bias of it must be zero."""
    if isinstance(c.head, SequenceHeadConfig) and c.head.bias:
        yield Rule(("score.weight",), ("head.projection.weight", "head.projection.bias"), NoBias())
    else:
        yield Rule(("score.weight",), ("head.projection.weight",))


ZERO_BIAS = {"head.bias": (True, False)}
"""A bias of zeros is not written."""
SCALE = {"read": {True: None, False: 1.0}.__getitem__, "write": {None: True, 1.0: False}.__getitem__}
"""`read` and `write` of whether scores are divided by √(width of a head)."""
SUMMARY = ("type", "use_proj", "activation", "first_dropout", "proj_to_labels")

GPT2 = Family(
    model_type="gpt2",
    prefix="transformer",
    options=(
        Option("vocab_size", "vocabulary", 50257),
        Option("n_positions", "context", 1024),
        Option("n_embd", "width", 768),
        Option("n_layer", "layers", 12),
        Option("n_head", "attention.heads", 12),
        Option("n_inner", "feedforward.hidden", None),
        Option("activation_function", "feedforward.activation", "gelu_new", **ACTIVATION),
        Option("layer_norm_epsilon", "norm.epsilon", 1e-5),
        Option("scale_attn_weights", "attention.scale", True, **SCALE),
        Option("scale_attn_by_inverse_layer_idx", "attention.scale_by_layer", False),
        Option("resid_pdrop", "dropout", 0.1),
        Option("attn_pdrop", "attention.dropout", 0.1),
    ),
    choices={
        "architecture": "decoder",
        "position.kind": "learned",
        "attention.kind": "grouped",
        "attention.bias": True,
        "attention.out_bias": True,
        "feedforward.kind": "dense",
        "feedforward.bias": True,
        "norm.kind": "layer",
        "residual": "pre",
    },
    required={"add_cross_attention": False},
    rules=rules,
    heads={
        "language_modeling": HeadTable(
            architecture="GPT2LMHeadModel",
            choices={"head.kind": "language"},
            rules=language_rules,
            options=(Option("tie_word_embeddings", "head.tied", True),),
            repeated={"lm_head.weight": "transformer.wte.weight"},
        ),
        "sequence_classification": HeadTable(
            architecture="GPT2ForSequenceClassification",
            choices={"head.kind": "sequence", "head.pooling": "last", "head.bias": False},
            rules=score_rules,
            equivalent=ZERO_BIAS,
        ),
    },
    also={"GPT2Model": "language_modeling"},
    equivalent=dict.fromkeys(BIASES, (False, True)),
    # reorder_and_upcast_attn computes scores of a half-precision model in fp32: in fp32 it changes nothing.
    unread={"embd_pdrop", "n_ctx", "reorder_and_upcast_attn", "tie_word_embeddings"}
    | {f"summary_{name}" for name in SUMMARY},
    ignored={r"h\.\d+\.attn\.(bias|masked_bias)": "masks"},
)
