"""What must hold of every decoder: fused = plain, cached = uncached, padded = alone, and no look into the future."""

import random
from typing import Any

import pytest
import torch

from cutaway.model.transformer import DecoderOnly
from cutaway.tap import capture
from model.identities import LENGTHS, assert_fused_equals_plain, close, mask
from variants import BATCH, LAYERS, TOKENS, VOCABULARY, matrix, matrix_in, name, tokens, variant

every_variant = pytest.mark.parametrize("choices", list(matrix()), ids=name)

SETTINGS: dict[str, dict[str, torch.Tensor]] = {
    "whole": {},
    "padded left": {"attention_mask": mask("left", LENGTHS)},
    "padded right": {"attention_mask": mask("right", LENGTHS)},
    "packed": {"documents": torch.tensor([[0] * 4 + [1] * 6 + [2] * 3, [7] * TOKENS, [1] * 12 + [0]])},
}


@pytest.mark.parametrize(("choices", "setting"), list(matrix_in(SETTINGS)), ids=name)
def test_fused_equals_plain_with_gradients(choices: dict[str, Any], setting: str) -> None:
    model, inputs = variant(**choices), SETTINGS[setting]
    kept = inputs.get("attention_mask", torch.ones(BATCH, TOKENS)).bool()
    assert_fused_equals_plain(model, lambda: model(tokens(), **inputs), kept, LAYERS)


@every_variant
def test_cached_equals_uncached_for_any_split(choices: dict[str, Any]) -> None:
    model = variant(**choices).eval()
    whole = model(tokens())
    for seed in range(3):
        cuts = sorted(random.Random(seed).sample(range(1, TOKENS), 3))
        cache = model.make_cache(BATCH, TOKENS + 2)
        pieces = [model(piece, cache=cache) for piece in tokens().tensor_split(cuts, dim=1)]
        assert cache.length == TOKENS
        assert close(torch.cat(pieces, dim=1), whole)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("choices", "side"), list(matrix_in(["left", "right"])), ids=name)
def test_padded_equals_alone(choices: dict[str, Any], side: str) -> None:
    model = variant(**choices).eval()
    kept = mask(side, LENGTHS)
    padded = model(tokens(), attention_mask=kept)
    other_padding = model(torch.where(kept, tokens(), tokens(seed=2)), attention_mask=kept)
    for row in range(BATCH):
        alone = model(tokens()[row, kept[row]][None])[0]
        assert close(padded[row, kept[row]], alone)
        assert close(other_padding[row, kept[row]], alone)


@pytest.mark.usefixtures("unchecked")
@every_variant
def test_padded_rows_continue_from_a_cache_as_alone(choices: dict[str, Any]) -> None:
    model = variant(**choices).eval()
    kept, more = mask("left", LENGTHS), tokens(length=4, seed=5)
    cache = model.make_cache(BATCH, TOKENS + 4)
    model(tokens(), attention_mask=kept, cache=cache)
    continued = torch.cat([model(more[:, i : i + 1], cache=cache) for i in range(4)], dim=1)
    for row in range(BATCH):
        alone = model(torch.cat([tokens()[row, kept[row]], more[row]])[None])[0, -4:]
        assert close(continued[row], alone)


@pytest.mark.usefixtures("unchecked")
@every_variant
def test_packed_documents_equal_each_alone(choices: dict[str, Any]) -> None:
    model = variant(**choices).eval()
    packed = model(tokens(1), documents=SETTINGS["packed"]["documents"][:1])[0]
    for part in (slice(0, 4), slice(4, 10), slice(10, 13)):
        assert close(packed[part], model(tokens(1)[:, part])[0])


@pytest.mark.usefixtures("unchecked")
@every_variant
def test_the_future_leaves_the_past_unchanged_and_the_past_matters(choices: dict[str, Any]) -> None:
    model = variant(**choices).eval()
    changed = tokens().clone()
    changed[:, 7] = (changed[:, 7] + 1) % VOCABULARY
    before, after = model(tokens()), model(changed)
    has_experts = choices.get("feedforward", {}).get("kind") == "experts"
    same = close if has_experts else torch.equal  # an expert's product rounds by how many tokens it gets
    assert same(before[:, :7], after[:, :7])
    for later in (7, 8, 9):  # within the smallest window
        assert not close(before[:, later], after[:, later], 1e-3)


@pytest.mark.usefixtures("unchecked")
@every_variant
def test_a_row_that_may_look_at_nothing_is_finite(choices: dict[str, Any]) -> None:
    model = variant(**choices)
    kept = mask("right", [TOKENS, 0, TOKENS])
    logits = model(tokens(), attention_mask=kept)
    logits.sum().backward()
    assert logits.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())
    with capture(model, "decoder.0.self_attention.pattern") as trace:
        model(tokens(), attention_mask=kept)
    assert (trace["decoder.0.self_attention.pattern"][1] == 0).all()


def test_a_window_ends_where_it_says() -> None:
    model = variant(position="rotary", layers=1, attention={"window": 4}).eval()
    changed = tokens().clone()
    changed[:, 5] = (changed[:, 5] + 1) % VOCABULARY
    difference = (model(tokens()) - model(changed)).abs().amax(dim=(0, 2))
    assert (difference[[5, 6, 7, 8]] > 1e-3).all()
    assert (difference[9:] == 0).all()
    assert (difference[:5] == 0).all()


def test_long_texts_are_computed_in_blocks_of_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    model = variant(position="alibi").eval()
    kept = mask("left", LENGTHS)
    whole = model(tokens(), attention_mask=kept)
    monkeypatch.setattr("cutaway.nn.geometry.BLOCK", 4)
    assert close(model(tokens(), attention_mask=kept)[kept], whole[kept])


def test_learned_positions_end() -> None:
    with pytest.raises(ValueError, match=r"31 positions.*40 tokens"):
        variant(position="learned")(tokens(length=40))


def test_documents_cannot_be_continued() -> None:
    model = variant()
    with pytest.raises(ValueError, match="packed documents"):
        model(tokens(), documents=SETTINGS["packed"]["documents"], cache=model.make_cache(BATCH, TOKENS))


@pytest.mark.parametrize("position", ["learned", "rotary", "relative"])
def test_reordered_and_truncated_caches_continue_as_their_texts(position: str) -> None:
    model = variant(position=position).eval()
    cache = model.make_cache(BATCH, TOKENS + 1)
    model(tokens(), cache=cache)
    cache.reorder(torch.tensor([2, 0, 2]))
    cache.truncate(9)
    texts = torch.cat([tokens()[[2, 0, 2], :9], tokens(length=2, seed=9)], dim=1)
    assert close(model(texts[:, 9:], cache=cache), model(texts)[:, 9:])


def test_a_cache_says_what_it_takes_and_when_it_is_full() -> None:
    model: DecoderOnly = variant(attention={"kv_heads": 3})
    cache = model.make_cache(BATCH, 5)
    assert cache.nbytes == LAYERS * 2 * BATCH * 3 * 5 * 8 * 4  # layers, k and v, rows, groups, slots, width, bytes
    with pytest.raises(ValueError, match="5 slots, and 13 are needed"):
        model(tokens(), cache=cache)
