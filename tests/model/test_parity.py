"""BERT, BART, T5 and ViT are choices of this model: with their weights it gives their numbers."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cutaway.config.model import ModelConfig
from cutaway.model.build import build
from cutaway.model.transformer import EncoderDecoder, EncoderOnly
from model.identities import LENGTHS, close, mask
from support import require_module
from variants import BATCH, SOURCE_TOKENS, TOKENS, VOCABULARY, tokens

transformers = require_module("transformers")

WIDTH, HEADS, HIDDEN, CONTEXT, SEGMENTS, LABELS, TOLERANCE = 24, 3, 44, 31, 2, 5, 1e-5
SOURCE_LENGTHS = [4, SOURCE_TOKENS, 7]

Names = Mapping[str, str | Callable[[re.Match[str]], str]]
"""A pattern in our name of a weight, and what stands in its place in theirs."""

BERT: Names = {
    r"^encoder\.embed\.tokens\.weight": "bert.embeddings.word_embeddings.weight",
    r"^encoder\.embed\.segments": "bert.embeddings.token_type_embeddings",
    r"^encoder\.embed\.positions": "bert.embeddings.position_embeddings",
    r"^encoder\.embed\.norm": "bert.embeddings.LayerNorm",
    r"^encoder\.(\d)": r"bert.encoder.layer.\1",
    r"self_attention\.(query|key|value)": r"attention.self.\1",
    r"self_attention\.out": "attention.output.dense",
    r"self_attention_residual\.norm": "attention.output.LayerNorm",
    r"feedforward\.up": "intermediate.dense",
    r"feedforward\.down": "output.dense",
    r"feedforward_residual\.norm": "output.LayerNorm",
    r"^head\.transform\.dense": "cls.predictions.transform.dense",
    r"^head\.transform\.norm": "cls.predictions.transform.LayerNorm",
    r"^head\.projection\.bias": "cls.predictions.bias",
}
CLASSIFIER: Names = {
    r"^head\.dense": "bert.pooler.dense",
    r"^head\.projection\.(weight|bias)": r"classifier.\1",
    **BERT,
}
BART: Names = {
    r"^encoder\.embed\.tokens\.weight": "model.shared.weight",
    r"^(encoder|decoder)\.": r"model.\1.",
    r"embed\.positions": "embed_positions",
    r"embed\.norm": "layernorm_embedding",
    r"coder\.(\d)": r"coder.layers.\1",
    r"attention\.out": "attention.out_proj",
    r"self_attention\.": "self_attn.",
    r"cross_attention\.": "encoder_attn.",
    r"attn\.(query|key|value)": lambda match: f"attn.{match[1][0]}_proj",
    "self_attention_residual.norm": "self_attn_layer_norm",
    "cross_attention_residual.norm": "encoder_attn_layer_norm",
    r"feedforward\.up": "fc1",
    r"feedforward\.down": "fc2",
    "feedforward_residual.norm": "final_layer_norm",
}
T5: Names = {
    r"^encoder\.embed\.tokens\.weight": "shared.weight",
    r"^head\.projection\.weight": "lm_head.weight",
    r"biases\.table\.weight": "block.0.layer.0.SelfAttention.relative_attention_bias.weight",
    r"coder\.norm": "coder.final_layer_norm",
    r"coder\.(\d)": r"coder.block.\1",
    r"self_attention\.(.)\w+": r"layer.0.SelfAttention.\1",
    r"cross_attention\.(.)\w+": r"layer.1.EncDecAttention.\1",
    r"self_attention_residual\.norm": "layer.0.layer_norm",
    r"cross_attention_residual\.norm": "layer.1.layer_norm",
    r"(encoder.*)feedforward_residual\.norm": r"\1layer.1.layer_norm",
    r"(encoder.*)feedforward\.": r"\1layer.1.DenseReluDense.",
    r"feedforward_residual\.norm": "layer.2.layer_norm",
    r"feedforward\.": "layer.2.DenseReluDense.",
    r"DenseReluDense\.gate": "DenseReluDense.wi_0",
    r"DenseReluDense\.up": "DenseReluDense.wi_1",
    r"DenseReluDense\.down": "DenseReluDense.wo",
}
VIT: Names = {
    r"^encoder\.embed\.cls": "vit.embeddings.cls_token",
    r"^encoder\.embed\.grid\.weight": "grid",
    r"^encoder\.embed\.grid\.before": "before",
    r"^encoder\.embed\.projection\.": "vit.embeddings.patch_embeddings.projection.",
    r"^encoder\.norm": "vit.layernorm",
    r"^encoder\.(\d)": r"vit.layers.\1",
    r"self_attention\.(query|key|value|out)": lambda match: f"attention.{match[1][0]}_proj",
    r"self_attention_residual\.norm": "layernorm_before",
    r"feedforward\.up": "mlp.fc1",
    r"feedforward\.down": "mlp.fc2",
    r"feedforward_residual\.norm": "layernorm_after",
    r"^head\.projection\.": "classifier.",
}


def randomise(theirs: nn.Module) -> dict[str, Tensor]:
    """Draws all weights of a model, norms and biases too, and returns them."""
    with torch.no_grad():
        for weight in theirs.parameters():
            weight += 0.2 * torch.randn(weight.shape)
    theirs.eval()
    return dict(theirs.named_parameters())


def fill(ours: nn.Module, weights: Mapping[str, Tensor], names: Names) -> None:
    """Copies every one of their weights into one of ours."""
    used = set()
    with torch.no_grad():
        for name, weight in ours.named_parameters():
            theirs = name
            for pattern, replacement in names.items():
                theirs = re.sub(pattern, replacement, theirs)
            weight.copy_(weights[theirs])
            used.add(theirs)
    assert used == set(weights)


def ours(**choices: Any) -> Any:
    attention = {"heads": HEADS, **choices.pop("attention", {})}
    config = {"vocabulary": VOCABULARY, "context": CONTEXT, "width": WIDTH, "layers": 2, **choices}
    return build(ModelConfig.model_validate({**config, "attention": attention})).eval()


def bert(head: dict[str, Any]) -> EncoderOnly:
    return ours(
        architecture="encoder",
        embedding={"norm": True, "segments": SEGMENTS},
        attention={"bias": True, "out_bias": True},
        feedforward={"kind": "dense", "hidden": HIDDEN},
        norm={"kind": "layer", "epsilon": 1e-12},
        residual="post",
        final_norm=False,
        head=head,
    )


def bert_config() -> Any:
    return transformers.BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=HEADS,
        intermediate_size=HIDDEN,
        max_position_embeddings=CONTEXT,
        type_vocab_size=SEGMENTS,
        num_labels=LABELS,
    )


@pytest.fixture
def segments() -> Tensor:
    return (torch.arange(TOKENS) >= 3).long().expand(BATCH, -1)


@torch.no_grad()
def test_bert_for_masked_words(segments: Tensor) -> None:
    theirs = transformers.BertForMaskedLM(bert_config())
    model, kept = bert({"transform": "gelu", "bias": True}), mask("right", LENGTHS)
    fill(model, randomise(theirs), BERT)
    expected = theirs(tokens(), attention_mask=kept.long(), token_type_ids=segments).logits
    assert close(model(tokens(), attention_mask=kept, segments=segments)[kept], expected[kept], TOLERANCE)


@torch.no_grad()
def test_bert_for_sequences(segments: Tensor) -> None:
    theirs = transformers.BertForSequenceClassification(bert_config())
    model, kept = bert({"kind": "sequence", "labels": LABELS, "pooling": "cls", "hidden": True}), mask("right", LENGTHS)
    fill(model, randomise(theirs), CLASSIFIER)
    expected = theirs(tokens(), attention_mask=kept.long(), token_type_ids=segments).logits
    assert close(model(tokens(), attention_mask=kept, segments=segments), expected, TOLERANCE)


def assert_pairs_agree(model: EncoderDecoder, theirs: nn.Module, side: str) -> None:
    """Holds logits against theirs, sources and targets padded on this side."""
    source, source_kept = tokens(length=SOURCE_TOKENS, seed=3), mask(side, SOURCE_LENGTHS, SOURCE_TOKENS)
    kept = mask(side, LENGTHS)
    expected = theirs(
        source, attention_mask=source_kept.long(), decoder_input_ids=tokens(), decoder_attention_mask=kept.long()
    ).logits
    logits = model(tokens(), source=source, attention_mask=kept, source_mask=source_kept)
    assert close(logits[kept], expected[kept], TOLERANCE)


@torch.no_grad()
def test_bart() -> None:
    sizes = {f"{side}_{name}": n for side in ("encoder", "decoder") for name, n in BART_SIZES.items()}
    theirs = transformers.BartForConditionalGeneration(
        transformers.BartConfig(
            vocab_size=VOCABULARY, max_position_embeddings=CONTEXT, d_model=WIDTH, scale_embedding=True, **sizes
        )
    )
    model = ours(
        architecture="encoder_decoder",
        embedding={"norm": True, "scaled": True},
        attention={"bias": True, "out_bias": True},
        feedforward={"kind": "dense", "hidden": HIDDEN},
        residual="post",
        final_norm=False,
    )
    weights = randomise(theirs)
    offset = {name: weight[2:] for name, weight in weights.items() if "embed_positions" in name}
    fill(model, weights | offset, BART)
    assert_pairs_agree(model, theirs, "right")


BART_SIZES = {"layers": 2, "attention_heads": HEADS, "ffn_dim": HIDDEN}


@torch.no_grad()
def test_t5() -> None:
    sizes = {"d_model": WIDTH, "d_kv": 10, "d_ff": HIDDEN, "num_layers": 3, "num_decoder_layers": 2, "num_heads": HEADS}
    buckets = {"relative_attention_num_buckets": 8, "relative_attention_max_distance": 12}
    theirs = transformers.T5ForConditionalGeneration(
        transformers.T5Config(
            vocab_size=VOCABULARY, **sizes, **buckets, feed_forward_proj="gated-gelu", tie_word_embeddings=False
        )
    )
    model = ours(
        architecture="encoder_decoder",
        encoder_layers=3,
        position={"kind": "relative", "buckets": 8, "max_distance": 12},
        attention={"head_width": 10},
        feedforward={"kind": "gated", "hidden": HIDDEN, "activation": "gelu_tanh"},
        norm="rms",
    )
    weights = randomise(theirs)
    scaled = {name: weight * 10**0.5 for name, weight in weights.items() if name.endswith("Attention.q.weight")}
    fill(model, weights | scaled, T5)  # it does not divide scores by √D
    assert_pairs_agree(model, theirs, "left")


PATCH, CHANNELS = 5, 2


def vit(height: int, width: int) -> EncoderOnly:
    size = {"patch": PATCH, "channels": CHANNELS, "height": height, "width": width}
    return ours(
        architecture="encoder",
        vocabulary=None,
        embedding={"kind": "patches", **size},
        attention={"bias": True, "out_bias": True},
        feedforward={"kind": "dense", "hidden": HIDDEN},
        norm={"kind": "layer", "epsilon": 1e-12},
        head={"kind": "sequence", "labels": LABELS, "pooling": "cls"},
    )


@pytest.mark.parametrize(("trained", "shown"), [((15, 35), (15, 35)), ((35, 35), (20, 45))], ids=["own", "other"])
@torch.no_grad()
def test_vit(trained: tuple[int, int], shown: tuple[int, int]) -> None:
    sizes = {"hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": HEADS, "intermediate_size": HIDDEN}
    pixels = {"image_size": trained, "patch_size": PATCH, "num_channels": CHANNELS}
    theirs = transformers.ViTForImageClassification(transformers.ViTConfig(**sizes, **pixels, num_labels=LABELS))
    model, weights = vit(*trained), randomise(theirs)
    places = weights.pop("vit.embeddings.position_embeddings")[0]
    grid = places[1:].reshape(trained[0] // PATCH, trained[1] // PATCH, WIDTH)
    flat = {name: weights[name].flatten(1) for name in weights if name.endswith("projection.weight")}
    cls = {"vit.embeddings.cls_token": weights["vit.embeddings.cls_token"][0, 0]}
    fill(model, weights | flat | cls | {"grid": grid, "before": places[:1]}, VIT)
    images = torch.randn(BATCH, CHANNELS, *shown)
    expected = theirs(images, interpolate_pos_encoding=shown != trained).logits
    assert close(model(images), expected, TOLERANCE)
