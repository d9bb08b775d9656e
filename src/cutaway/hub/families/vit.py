"""ViT (Dosovitskiy et al. 2021): patches of an image, after a class vector that the head reads."""

from collections.abc import Iterable, Mapping
from typing import Any

from cutaway.config.embedding import PatchEmbeddingConfig
from cutaway.config.model import ModelConfig
from cutaway.hub.family import Family, HeadTable
from cutaway.hub.image_processor import COLOURS
from cutaway.hub.options import ACTIVATION, Joint, Option
from cutaway.hub.weight_rules import Chain, Change, GreyAsColour, Reshape, Rule, Split, same

MODULES = {
    "attention.attention.query": "self_attention.query",
    "attention.attention.key": "self_attention.key",
    "attention.attention.value": "self_attention.value",
    "attention.output.dense": "self_attention.out",
    "layernorm_before": "self_attention_residual.norm",
    "intermediate.dense": "feedforward.up",
    "output.dense": "feedforward.down",
    "layernorm_after": "feedforward_residual.norm",
}
QUERIES_KEYS_VALUES = ("self_attention.query", "self_attention.key", "self_attention.value")


def rules(c: ModelConfig) -> Iterable[Rule]:
    """The body."""
    yield from embedding_rules(c)
    yield from block_rules(c)


def block_rules(c: ModelConfig) -> Iterable[Rule]:
    """The blocks and the norm behind them."""
    for i in range(c.layers):
        for theirs, ours in MODULES.items():
            has_bias = c.attention.bias or ours not in QUERIES_KEYS_VALUES
            yield from same(f"encoder.layer.{i}.{theirs}", f"encoder.{i}.{ours}", "weight", *["bias"] * has_bias)
    yield from same("layernorm", "encoder.norm")


def embedding_rules(c: ModelConfig) -> Iterable[Rule]:
    """Patches, the class vector, and positions, which are one table in the file."""
    e = c.input_embedding(PatchEmbeddingConfig)
    _, height, width = e.shape
    ours = "encoder.embed"
    yield from patch_rules(c)
    yield Rule(("embeddings.cls_token",), (f"{ours}.cls",), Reshape(((1, 1, c.width),), ((c.width,),)))
    rows, columns = height // e.patch, width // e.patch
    places = 1 + rows * columns
    table = Reshape(((1, places, c.width),), ((places, c.width),))
    grid = Reshape(((1, c.width), (rows * columns, c.width)), ((1, c.width), (rows, columns, c.width)))
    change = Chain((table, Split((1, rows * columns)), grid))
    yield Rule(("embeddings.position_embeddings",), (f"{ours}.grid.before", f"{ours}.grid.weight"), change)


def patch_rules(c: ModelConfig) -> Iterable[Rule]:
    """The projection of patches, which in a file is a convolution."""
    e = c.input_embedding(PatchEmbeddingConfig)
    theirs, ours = "embeddings.patch_embeddings.projection", "encoder.embed.projection"
    channels = e.shape[0]
    change: Change = Reshape(((c.width, channels, e.patch, e.patch),), ((c.width, channels * e.patch**2),))
    if channels == 1:
        change = Chain((GreyAsColour(), change))
    yield Rule((f"{theirs}.weight",), (f"{ours}.weight",), change)
    yield from same(theirs, ours, "bias")


def _read_size(size: Any) -> Mapping[str, Any]:
    height, width = size if isinstance(size, list) else (size, size)
    return {"height": height, "width": width}


def _write_size(embedding: Mapping[str, Any]) -> Any:
    height, width = embedding["height"], embedding["width"]
    return height if height == width else [height, width]


def _read_patch(size: Any) -> int:
    height, width = size if isinstance(size, list) else (size, size)
    if height != width:
        raise ValueError("patches must be square")
    return int(height)


def _read_channels(found: Mapping[str, Any]) -> Mapping[str, Any]:
    channels = found.get("num_channels", COLOURS)
    if found.get("grey") and channels not in (1, COLOURS):
        raise ValueError(f"a grey picture is read as {COLOURS} channels or as one")
    return {"embedding.channels": 1 if found.get("grey") else channels}


def _write_channels(choices: Mapping[str, Any]) -> Mapping[str, Any]:
    """A grey picture is read as one in colour, because pipelines of `transformers` convert every picture."""
    channels = choices["embedding"]["channels"]
    return {"num_channels": COLOURS, "grey": True} if channels == 1 else {"num_channels": channels}


VIT = Family(
    model_type="vit",
    prefix="vit",
    options=(
        Option("image_size", "embedding", 224, _read_size, _write_size),
        Option("patch_size", "embedding.patch", 16, _read_patch),
        Joint(("num_channels", "grey"), _read_channels, _write_channels),
        Option("hidden_size", "width", 768),
        Option("num_hidden_layers", "layers", 12),
        Option("num_attention_heads", "attention.heads", 12),
        Option("intermediate_size", "feedforward.hidden", 3072),
        Option("hidden_act", "feedforward.activation", "gelu", **ACTIVATION),
        Option("layer_norm_eps", "norm.epsilon", 1e-12),
        Option("qkv_bias", "attention.bias", True),
        Option("hidden_dropout_prob", "dropout", 0.0),
        Option("attention_probs_dropout_prob", "attention.dropout", 0.0),
    ),
    choices={
        "architecture": "encoder",
        "embedding.kind": "patches",
        "embedding.cls": True,
        "position.kind": "learned",
        "attention.kind": "grouped",
        "attention.out_bias": True,
        "feedforward.kind": "dense",
        "feedforward.bias": True,
        "norm.kind": "layer",
        "residual": "pre",
    },
    required={},
    rules=rules,
    heads={
        "image_classification": HeadTable(
            architecture="ViTForImageClassification",
            choices={"head.kind": "sequence", "head.pooling": "cls"},
            rules=lambda c: same("classifier", "head.projection"),
        )
    },
    unread={"encoder_stride"},
    ignored={r"embeddings\.mask_token": "a vector for hidden patches"},
)
