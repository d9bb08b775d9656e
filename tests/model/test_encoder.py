"""What must hold of every encoder: fused = plain, padded = alone, and a look at both sides."""

from typing import Any

import pytest
import torch

from cutaway.tap import capture
from model.identities import LENGTHS, assert_fused_equals_plain, close, each_token_changed, mask, reach
from variants import BATCH, LAYERS, TOKENS, encoder_matrix, name, tokens, variant

every_variant = pytest.mark.parametrize("choices", list(encoder_matrix()), ids=name)
MASKS = {"whole": None, "padded left": mask("left", LENGTHS), "padded right": mask("right", LENGTHS)}


@every_variant
@pytest.mark.parametrize("setting", MASKS)
def test_fused_equals_plain_with_gradients(choices: dict[str, Any], setting: str) -> None:
    model, given = variant(**choices), MASKS[setting]
    kept = torch.ones(BATCH, TOKENS, dtype=torch.bool) if given is None else given
    assert_fused_equals_plain(model, lambda: model(tokens(), attention_mask=given), kept, LAYERS)


@pytest.mark.usefixtures("unchecked")
@every_variant
@pytest.mark.parametrize("side", ["left", "right"])
def test_padded_equals_alone(choices: dict[str, Any], side: str) -> None:
    model, kept = variant(**choices).eval(), mask(side, LENGTHS)
    padded = model(tokens(), attention_mask=kept)
    other_padding = model(torch.where(kept, tokens(), tokens(seed=2)), attention_mask=kept)
    for row in range(BATCH):
        alone = model(tokens()[row, kept[row]][None])[0]
        assert close(padded[row, kept[row]], alone)
        assert close(other_padding[row, kept[row]], alone)


@pytest.mark.usefixtures("unchecked")
@every_variant
def test_every_token_is_seen_from_everywhere_or_from_all_of_its_window(choices: dict[str, Any]) -> None:
    model, text = variant(**choices).eval(), tokens()[0]
    seen = reach(model(text.repeat(TOKENS, 1)), model(each_token_changed(text)))
    window = choices.get("attention", {}).get("window", TOKENS)
    distance = (torch.arange(TOKENS)[:, None] - torch.arange(TOKENS)).abs()
    assert torch.equal(seen, distance <= LAYERS * (window - 1))


@pytest.mark.usefixtures("unchecked")
@every_variant
def test_a_text_of_padding_is_finite(choices: dict[str, Any]) -> None:
    model = variant(**choices)
    logits = model(tokens(), attention_mask=mask("right", [TOKENS, 0, 7]))
    logits.sum().backward()
    assert logits.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())


def test_without_positions_order_is_nothing() -> None:
    model, order = variant(architecture="encoder", position="none").eval(), torch.randperm(TOKENS)
    assert close(model(tokens()[:, order]), model(tokens())[:, order])


def test_a_bidirectional_bias_tells_before_from_after() -> None:
    model, same = variant(architecture="encoder", position="relative").eval(), torch.full((1, TOKENS), 5)
    with torch.no_grad(), capture(model, "encoder.0.self_attention.scores") as trace:
        model(same)
    scores = trace["encoder.0.self_attention.scores"][0]  # (H, T, T), alike but for the bias
    before, after = scores[:, 4, :4].flip(-1), scores[:, 4, 5:9]
    assert ((before - after).abs() > 1e-3).any(dim=0).all()


SEGMENTS = torch.tensor([0] * 4 + [1] * 6 + [2] * 3).expand(BATCH, -1)


def test_segments_are_told_apart_and_without_them_all_is_the_first() -> None:
    model = variant(architecture="encoder", embedding={"segments": 3}).eval()
    plain = model(tokens())
    assert close(model(tokens(), segments=torch.zeros_like(SEGMENTS)), plain)
    assert not close(model(tokens(), segments=SEGMENTS), plain, 1e-3)
    with capture(model, "encoder.embed.*") as trace:
        model(tokens(), segments=SEGMENTS)
    expected = (
        trace["encoder.embed.tokens"] + model.encoder.embed.segments.weight[SEGMENTS] + trace["encoder.embed.positions"]
    )
    assert close(trace["encoder.embed.out"], expected)


def test_segments_need_a_table() -> None:
    with pytest.raises(ValueError, match=r"has no segments: model\.embedding\.segments is 0"):
        variant(architecture="encoder")(tokens(), segments=SEGMENTS)
