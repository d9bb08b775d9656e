"""BART (Lewis et al. 2020): post-norm, learned positions, normalised embeddings."""

from collections.abc import Iterable

from cutaway.config.head import LanguageHeadConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.family import Family, HeadTable
from cutaway.hub.options import ACTIVATION, Option, of_each_stack
from cutaway.hub.weight_rules import Reshape, Rule, SkipRows, same

UNUSED_POSITIONS = 2
STACKS = ("encoder", "decoder")


def rules(c: ModelConfig) -> Iterable[Rule]:
    """Both stacks, which share an embedding."""
    yield Rule(("shared.weight",), ("encoder.embed.tokens.weight",))
    for stack in STACKS:
        positions = (f"{stack}.embed_positions.weight",), (f"{stack}.embed.positions.weight",)
        yield Rule(*positions, SkipRows(UNUSED_POSITIONS))
        yield from same(f"{stack}.layernorm_embedding", f"{stack}.embed.norm")
    yield from layers(c)


def layers(c: ModelConfig) -> Iterable[Rule]:
    """The blocks of both stacks."""
    for stack, count in zip(STACKS, (c.encoder_layers or c.layers, c.layers), strict=True):
        for i in range(count):
            theirs, ours = f"{stack}.layers.{i}", f"{stack}.{i}"
            yield from attention_rules(f"{theirs}.self_attn", f"{ours}.self_attention")
            if stack == "decoder":
                yield from attention_rules(f"{theirs}.encoder_attn", f"{ours}.cross_attention")
            yield from same(f"{theirs}.fc1", f"{ours}.feedforward.up")
            yield from same(f"{theirs}.fc2", f"{ours}.feedforward.down")
            yield from same(f"{theirs}.final_layer_norm", f"{ours}.feedforward_residual.norm")


def attention_rules(theirs: str, ours: str) -> Iterable[Rule]:
    """One attention and the norm after it."""
    for name, module in (("q_proj", "query"), ("k_proj", "key"), ("v_proj", "value"), ("out_proj", "out")):
        yield from same(f"{theirs}.{name}", f"{ours}.{module}")
    yield from same(f"{theirs}_layer_norm", f"{ours}_residual.norm")


def language_rules(c: ModelConfig) -> Iterable[Rule]:
    """A bias of the logits, which files without a head lack."""
    if isinstance(c.head, LanguageHeadConfig) and c.head.bias:
        change = Reshape(((1, c.known_vocabulary),), ((c.known_vocabulary,),))
        yield Rule(("final_logits_bias",), ("head.projection.bias",), change, optional=True)


OPTIONS = (
    Option("max_position_embeddings", "context", 1024),
    Option("d_model", "width", 1024),
    Option("encoder_layers", "encoder_layers", 12),
    Option("decoder_layers", "layers", 12),
    of_each_stack(("encoder_attention_heads", "decoder_attention_heads"), ("encoder_heads", "attention.heads"), 16),
    of_each_stack(("encoder_ffn_dim", "decoder_ffn_dim"), ("encoder_hidden", "feedforward.hidden"), 4096),
    Option("activation_function", "feedforward.activation", "gelu", **ACTIVATION),
    Option("scale_embedding", "embedding.scaled", False),
    Option("dropout", "dropout", 0.1),
    Option("attention_dropout", "attention.dropout", 0.0),
)
CHOICES = {
    "architecture": "encoder_decoder",
    "embedding.kind": "tokens",
    "attention.kind": "grouped",
    "attention.bias": True,
    "attention.out_bias": True,
    "feedforward.kind": "dense",
    "feedforward.bias": True,
    "norm.kind": "layer",
    "norm.epsilon": 1e-5,
    "residual": "post",
    "final_norm": False,
}
REQUIRED = {
    "tie_word_embeddings": True,
    "add_bias_logits": False,
    "add_final_layer_norm": False,
    "normalize_before": False,
}
HEAD = {"head.kind": "language", "head.tied": True, "head.bias": True}
REPEATED = {f"{stack}.embed_tokens.weight": "shared.weight" for stack in STACKS}
NO_BIAS = {"head.bias": (False, True)}
"""No bias is written as a bias of zeros."""
UNREAD = {
    *("activation_dropout", "classif_dropout", "encoder_layerdrop", "decoder_layerdrop"),
    *("init_std", "num_hidden_layers", "save_step", "force_bos_token_to_be_generated"),
}

BART = Family(
    model_type="bart",
    prefix="model",
    options=(Option("vocab_size", "vocabulary", 50265), *OPTIONS),
    choices=CHOICES | {"embedding.norm": True, "position.kind": "learned"},
    required=REQUIRED
    | {"normalize_embedding": True, "static_position_embeddings": False, "extra_pos_embeddings": UNUSED_POSITIONS},
    rules=rules,
    heads={
        "sequence_to_sequence": HeadTable(
            architecture="BartForConditionalGeneration",
            choices=HEAD,
            rules=language_rules,
            repeated={"lm_head.weight": "model.shared.weight"},
        )
    },
    also={"BartModel": "sequence_to_sequence"},
    unread=UNREAD,
    repeated=REPEATED,
    ignored={r"(encoder|decoder)\.version": "a version number of older files"},
    equivalent=NO_BIAS,
)
