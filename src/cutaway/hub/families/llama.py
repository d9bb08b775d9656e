"""Llama (Touvron et al. 2023), and what it shares with Mistral, Qwen 2 and Qwen 3."""

from collections.abc import Callable, Container, Iterable, Mapping

from cutaway.config.attention import GroupedConfig
from cutaway.config.feedforward import ExpertsConfig, GatedConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.families.gpt2 import ZERO_BIAS, score_rules
from cutaway.hub.family import Family, HeadTable, Rules, is_tied
from cutaway.hub.options import ACTIVATION, Option
from cutaway.hub.rotary import ROTARY
from cutaway.hub.weight_rules import Rule, Without, same

PartRules = Callable[..., Iterable[Rule]]


def body(attention: PartRules, feedforwards: Mapping[str, PartRules], norms: PartRules | None = None) -> Rules:
    """Rules of the body.

    Args:
        attention: its rules, given the choices of the model and of the attention, and its name on both sides.
        feedforwards: by kind, the rules of a feed-forward network, given its choices and its name on both sides.
        norms: the rules of a layer's norms, given the layer's name on both sides; those of Llama by default.
    """

    def rules(c: ModelConfig) -> Iterable[Rule]:
        yield Rule(("embed_tokens.weight",), ("decoder.embed.tokens.weight",))
        for i in range(c.layers):
            theirs, ours = f"layers.{i}", f"decoder.{i}"
            yield from attention(c, c.attention, f"{theirs}.self_attn", f"{ours}.self_attention")
            f = c.first_layers.feedforward if c.first_layers and i < c.first_layers.count else c.feedforward
            yield from feedforwards[f.kind](f, f"{theirs}.mlp", f"{ours}.feedforward")
            yield from (norms or norm_rules)(theirs, ours)
        yield from same("norm", "decoder.norm", "weight")

    return rules


def attention_rules(c: ModelConfig, a: GroupedConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """Queries, keys, values and the output, and norms of queries and keys if there are any."""
    for name, module in (("q_proj", "query"), ("k_proj", "key"), ("v_proj", "value")):
        yield from same(f"{theirs}.{name}", f"{ours}.{module}", *parts(bias=a.bias))
    yield from same(f"{theirs}.o_proj", f"{ours}.out", *parts(bias=a.out_bias))
    if a.qk_norm:
        norm = ".norm" if a.qk_norm_joint else ""
        yield from same(f"{theirs}.q_norm", f"{ours}.q_norm{norm}", "weight")
        yield from same(f"{theirs}.k_norm", f"{ours}.k_norm{norm}", "weight")


def gated_rules(f: GatedConfig | ExpertsConfig, theirs: str, ours: str) -> Iterable[Rule]:
    """A gated feed-forward network, or one of several experts."""
    bias = isinstance(f, GatedConfig) and f.bias
    for name, module in (("gate_proj", "gate"), ("up_proj", "up"), ("down_proj", "down")):
        yield from same(f"{theirs}.{name}", f"{ours}.{module}", *parts(bias=bias))


def norm_rules(theirs: str, ours: str) -> Iterable[Rule]:
    """The norms of a layer."""
    yield from same(f"{theirs}.input_layernorm", f"{ours}.self_attention_residual.norm", "weight")
    yield from same(f"{theirs}.post_attention_layernorm", f"{ours}.feedforward_residual.norm", "weight")


def parts(*, bias: bool) -> tuple[str, ...]:
    """The names of a linear layer's weights."""
    return ("weight", "bias") if bias else ("weight",)


def language_rules(c: ModelConfig) -> Iterable[Rule]:
    """A separate head, unless it shares the embedding."""
    if not is_tied(c):
        yield Rule(("lm_head.weight",), ("head.projection.weight",))


def heads(
    name: str, *, answering: str | None = "transformer", tied: bool = False, lacks: Container[str] = ()
) -> Mapping[str, HeadTable]:
    """The classes of a family.

    Args:
        name: the beginning of their names.
        answering: the prefix of the body's weights in the class for question answering, if it differs.
        tied: whether the language head shares the embedding's weights if a file does not say.
        lacks: the tasks that the family has no class for.
    """
    tables = _heads(name, answering, tied)
    return {task: table for task, table in tables.items() if task not in lacks}


def _heads(name: str, answering: str | None, tied: bool) -> Mapping[str, HeadTable]:
    return {
        "language_modeling": HeadTable(
            architecture=f"{name}ForCausalLM",
            choices={"head.kind": "language"},
            rules=language_rules,
            options=(Option("tie_word_embeddings", "head.tied", tied),),
            repeated={"lm_head.weight": "model.embed_tokens.weight"},
        ),
        "sequence_classification": HeadTable(
            architecture=f"{name}ForSequenceClassification",
            choices={"head.kind": "sequence", "head.pooling": "last", "head.bias": False},
            rules=score_rules,
            equivalent=ZERO_BIAS,
        ),
        "token_classification": HeadTable(
            architecture=f"{name}ForTokenClassification",
            choices={"head.kind": "token"},
            rules=lambda c: same("score", "head.projection"),
        ),
        "question_answering": HeadTable(
            architecture=f"{name}ForQuestionAnswering",
            choices={"head.kind": "token"},
            rules=lambda c: same("qa_outputs", "head.projection"),
            prefix=answering,
        ),
        "sentence_embedding": HeadTable(
            architecture=f"{name}Model",
            choices={"head.kind": "embedding", "head.pooling": "last"},
        ),
    }


SIZES = (
    Option("vocab_size", "vocabulary"),
    Option("max_position_embeddings", "context"),
    Option("hidden_size", "width"),
    Option("num_hidden_layers", "layers"),
    Option("num_attention_heads", "attention.heads"),
    Option("num_key_value_heads", "attention.kv_heads", None),
    Option("head_dim", "attention.head_width", None),
    Option("intermediate_size", "feedforward.hidden"),
    Option("hidden_act", "feedforward.activation", **ACTIVATION),
    Option("rms_norm_eps", "norm.epsilon", 1e-6),
    Option("attention_dropout", "attention.dropout", 0.0),
)
OPTIONS = (*SIZES, ROTARY)
ATTENTION_BIAS = (
    Option("attention_bias", "attention.bias", False),
    Option("attention_bias", "attention.out_bias", False),
)
CHOICES = {
    "architecture": "decoder",
    "position.kind": "rotary",
    "attention.kind": "grouped",
    "feedforward.kind": "gated",
    "norm.kind": "rms",
    "residual": "pre",
}
RULES = body(attention_rules, {"gated": gated_rules})
UNREAD = frozenset({"pretraining_tp", "tie_word_embeddings"})
ANGLES = {r"(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq": "angles of positions"}


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body; where only the output has no bias, the file has one of zeros."""
    yield from RULES(c)
    if c.attention.bias and not c.attention.out_bias:
        for i in range(c.layers):
            yield Rule((f"layers.{i}.self_attn.o_proj.bias",), (), Without((c.width,)))


LLAMA = Family(
    model_type="llama",
    prefix="model",
    options=(*OPTIONS, *ATTENTION_BIAS, Option("mlp_bias", "feedforward.bias", False)),
    choices=CHOICES,
    required={"rope_interleaved": False},
    rules=rules,
    heads=heads("Llama"),
    unread=UNREAD | {"is_llama_config", "transformers.js_config"},
    ignored=ANGLES,
    equivalent={"attention.out_bias": (False, True)},
)
