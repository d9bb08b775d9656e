"""Heads: what they pool is the text alone, and what they compute is their equation."""

import pytest
import torch
import torch.nn.functional as F

from cutaway.config.head import SequenceHeadConfig
from cutaway.model.heads import POOLINGS
from cutaway.tap import capture
from model.identities import LENGTHS, close, mask
from variants import BATCH, TOKENS, VOCABULARY, WIDTH, tokens, variant

LABELS = 5
every_pooling = pytest.mark.parametrize("pooling", POOLINGS)
both_stacks = pytest.mark.parametrize("architecture", ["encoder", "decoder"])


def test_every_pooling_can_be_chosen() -> None:
    for pooling in POOLINGS:
        assert SequenceHeadConfig.model_validate({"pooling": pooling}).pooling == pooling


@both_stacks
@every_pooling
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_padded_sequence_is_answered_as_alone(architecture: str, pooling: str, side: str) -> None:
    head = {"kind": "sequence", "labels": LABELS, "pooling": pooling, "hidden": side == "left"}
    model, kept = variant(architecture=architecture, head=head).eval(), mask(side, LENGTHS)
    padded = model(tokens(), attention_mask=kept)
    assert padded.shape == (BATCH, LABELS)
    other_padding = model(torch.where(kept, tokens(), tokens(seed=2)), attention_mask=kept)
    for row in range(BATCH):
        alone = model(tokens()[row, kept[row]][None])[0]
        assert close(padded[row], alone)
        assert close(other_padding[row], alone)


@every_pooling
def test_a_sequence_of_padding_is_finite(pooling: str) -> None:
    model = variant(architecture="encoder", head={"kind": "sequence", "labels": LABELS, "pooling": pooling})
    logits = model(tokens(), attention_mask=mask("right", [TOKENS, 0, 7]))
    logits.square().sum().backward()
    assert logits.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())


@pytest.mark.parametrize("integers", [False, True])
def test_poolings_are_what_they_are_called(integers: bool) -> None:
    hidden, kept = torch.randn(BATCH, TOKENS, WIDTH), mask("left", LENGTHS)
    kept[1, 9], kept[2, -1] = False, False  # gaps, and one more on the right
    pooled = {name: pool(hidden, kept.long() if integers else kept) for name, pool in POOLINGS.items()}
    for row in range(BATCH):
        text = hidden[row, kept[row]]
        torch.testing.assert_close(pooled["cls"][row], text[0])
        torch.testing.assert_close(pooled["last"][row], text[-1])
        torch.testing.assert_close(pooled["mean"][row], text.mean(dim=0))
        torch.testing.assert_close(pooled["max"][row], text.max(dim=0).values)


@every_pooling
def test_without_a_mask_all_is_text(pooling: str) -> None:
    hidden = torch.randn(BATCH, TOKENS, WIDTH)
    whole = torch.ones(BATCH, TOKENS, dtype=torch.bool)
    torch.testing.assert_close(POOLINGS[pooling](hidden, None), POOLINGS[pooling](hidden, whole))


@pytest.mark.parametrize("activation", [None, "tanh", "relu", "gelu"])
def test_the_sequence_head_is_its_equation(activation: str | None) -> None:
    hidden = {"hidden": True, "activation": activation} if activation else {}
    model = variant(architecture="encoder", head={"kind": "sequence", "labels": LABELS, **hidden}).eval()
    with capture(model, ["encoder.norm", "head.*"]) as trace:
        logits = model(tokens())
    pooled = trace["encoder.norm"].mean(dim=1)
    if hidden:
        function = F.gelu if activation == "gelu" else getattr(torch, activation or "")
        pooled = function(pooled @ model.head.dense.weight.T + model.head.dense.bias)
    torch.testing.assert_close(trace["head.pooled"], pooled)
    torch.testing.assert_close(logits, pooled @ model.head.projection.weight.T + model.head.projection.bias)
    assert torch.equal(trace["head.logits"], logits)


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("hidden", [False, True])
def test_the_embedding_head_is_its_equation(hidden: bool, normalised: bool) -> None:
    head = {"kind": "embedding", "pooling": "max", "hidden": hidden, "normalised": normalised}
    model = variant(architecture="encoder", head=head).eval()
    with capture(model, ["encoder.norm", "head.*"]) as trace:
        vectors = model(tokens())
    expected = trace["encoder.norm"].amax(dim=1)
    assert torch.equal(trace["head.pooled"], expected)
    if hidden:
        expected = (expected @ model.head.dense.weight.T + model.head.dense.bias).tanh()
    if normalised:
        expected = expected / expected.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(vectors, expected)


def test_the_scale_is_of_the_scores_alone() -> None:
    plain, scaled = variant(head={"bias": True}).eval(), variant(head={"bias": True, "scale": 0.25}).eval()
    bias = plain.head.projection.bias
    torch.testing.assert_close(scaled(tokens()) - bias, 0.25 * (plain(tokens()) - bias))


@both_stacks
def test_the_token_head_is_its_equation(architecture: str) -> None:
    model = variant(architecture=architecture, head={"kind": "token", "labels": LABELS}).eval()
    with capture(model, f"{architecture}.norm") as trace:
        logits = model(tokens(), attention_mask=mask("right", LENGTHS))
    assert logits.shape == (BATCH, TOKENS, LABELS)
    torch.testing.assert_close(
        logits, trace[f"{architecture}.norm"] @ model.head.projection.weight.T + model.head.projection.bias
    )


def test_the_transform_comes_before_the_scores() -> None:
    head = {"transform": "gelu", "bias": True, "softcap": 3.0}
    model = variant(architecture="encoder", head=head, norm={"kind": "layer", "epsilon": 0.3}).eval()
    with capture(model, "encoder.norm") as trace:
        logits = model(tokens())
    transform, table = model.head.transform, model.encoder.embed.tokens.weight
    y = F.gelu(trace["encoder.norm"] @ transform.dense.weight.T + transform.dense.bias)
    y = F.layer_norm(y, (WIDTH,), transform.norm.weight, transform.norm.bias, 0.3)
    torch.testing.assert_close(logits, 3 * ((y @ table.T + model.head.projection.bias) / 3).tanh())
    assert logits.shape == (BATCH, TOKENS, VOCABULARY)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("transform", [None, "gelu"])
def test_a_language_head_reads_vectors_as_wide_as_those_of_tokens(transform: str | None, tied: bool) -> None:
    head = {"transform": transform, "bias": True, "tied": tied}
    norm = {"kind": "layer", "epsilon": 0.3}
    model = variant(architecture="encoder", head=head, norm=norm, embedding={"token_width": 14}).eval()
    with capture(model, "encoder.norm") as trace:
        logits = model(tokens())
    table, projection = model.encoder.embed.tokens.weight, model.head.projection
    assert table.shape == projection.weight.shape == (VOCABULARY, 14)
    assert (projection.weight is table) == tied
    if transform is None:
        y = trace["encoder.norm"] @ model.head.transform.weight.T
    else:
        dense, norm = model.head.transform.dense, model.head.transform.norm
        y = F.gelu(trace["encoder.norm"] @ dense.weight.T + dense.bias)
        y = F.layer_norm(y, (14,), norm.weight, norm.bias, 0.3)
    torch.testing.assert_close(logits, y @ projection.weight.T + projection.bias)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", ["sequence", "token"])
def test_labels_may_have_the_transform_too(kind: str, bias: bool) -> None:
    head = {"kind": kind, "labels": LABELS, "transform": "silu", "transform_bias": bias}
    model = variant(architecture="encoder", head=head, norm={"kind": "layer", "epsilon": 0.3, "bias": False}).eval()
    with capture(model, "encoder.norm") as trace:
        logits = model(tokens())
    y = trace["encoder.norm"].mean(dim=1) if kind == "sequence" else trace["encoder.norm"]
    transform, projection = model.head.transform, model.head.projection
    assert (transform.dense.bias is not None) == bias
    y = F.silu(F.linear(y, transform.dense.weight, transform.dense.bias))
    y = (y - y.mean(-1, keepdim=True)) / (y.var(-1, keepdim=True, correction=0) + 0.3).sqrt() * transform.norm.weight
    torch.testing.assert_close(logits, y @ projection.weight.T + projection.bias)


def test_dropout_acts_in_training_only() -> None:
    for kind in ("sequence", "token"):
        model = variant(architecture="encoder", head={"kind": kind, "labels": LABELS}, dropout=0.5)
        hidden = torch.randn(BATCH, TOKENS, WIDTH)
        assert not torch.equal(model.head(hidden), model.head(hidden))
        model.eval()
        assert torch.equal(model.head(hidden), model.head(hidden))
