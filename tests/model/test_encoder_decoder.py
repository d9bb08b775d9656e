"""What must hold of every encoder with a decoder: inert padding on both sides, cached = uncached, and who sees whom."""

import random
from typing import Any

import pytest
import torch
from torch import Tensor

from cutaway.model.transformer import EncoderDecoder
from cutaway.tap import capture
from model.identities import LENGTHS, assert_fused_equals_plain, close, each_token_changed, mask, reach
from variants import BATCH, LAYERS, SOURCE_TOKENS, TOKENS, encoder_decoder_matrix, name, tokens, variant

every_variant = pytest.mark.parametrize("choices", list(encoder_decoder_matrix()), ids=name)

SOURCE_LENGTHS = [4, SOURCE_TOKENS, 7]
"""With `LENGTHS`, one row is padded in the source, one in the target and one in both."""
MASKS: dict[str, dict[str, Tensor]] = {
    f"source {source}, target {target}": {
        "source_mask": mask(source, SOURCE_LENGTHS, SOURCE_TOKENS),
        "attention_mask": mask(target, LENGTHS),
    }
    for source, target in [("left", "right"), ("right", "left")]
}
SETTINGS: dict[str, dict[str, Tensor]] = {"whole": {}, **MASKS}


def sources(batch: int = BATCH, seed: int = 3) -> Tensor:
    return tokens(batch, SOURCE_TOKENS, seed)


@every_variant
@pytest.mark.parametrize("setting", SETTINGS)
def test_fused_equals_plain_with_gradients(choices: dict[str, Any], setting: str) -> None:
    model, masks = variant(**choices), SETTINGS[setting]
    kept = masks.get("attention_mask", torch.ones(BATCH, TOKENS, dtype=torch.bool))
    attentions = 2 * LAYERS + choices.get("encoder_layers", LAYERS)
    assert_fused_equals_plain(model, lambda: model(tokens(), source=sources(), **masks), kept, attentions)


@pytest.mark.usefixtures("unchecked")
@every_variant
@pytest.mark.parametrize("setting", MASKS)
def test_padded_equals_alone(choices: dict[str, Any], setting: str) -> None:
    model, masks = variant(**choices).eval(), MASKS[setting]
    kept, source_kept = masks["attention_mask"], masks["source_mask"]
    padded = model(tokens(), source=sources(), **masks)
    other_source = torch.where(source_kept, sources(), sources(seed=4))
    other_padding = model(torch.where(kept, tokens(), tokens(seed=2)), source=other_source, **masks)
    for row in range(BATCH):
        source = sources()[row, source_kept[row]][None]
        alone = model(tokens()[row, kept[row]][None], source=source)[0]
        assert close(padded[row, kept[row]], alone)
        assert close(other_padding[row, kept[row]], alone)


@every_variant
@pytest.mark.parametrize("source_mask", [None, mask("left", SOURCE_LENGTHS, SOURCE_TOKENS)], ids=["whole", "padded"])
def test_cached_equals_uncached_for_any_split(choices: dict[str, Any], source_mask: Tensor | None) -> None:
    model = variant(**choices).eval()
    read = {"source": sources(), "source_mask": source_mask}
    whole = model(tokens(), **read)
    for seed in range(2):
        first, *rest = tokens().tensor_split(sorted(random.Random(seed).sample(range(1, TOKENS), 3)), dim=1)
        cache = model.make_cache(BATCH, TOKENS + 2, SOURCE_TOKENS)
        pieces = [model(first, **read, cache=cache), *(model(piece, cache=cache) for piece in rest)]
        assert (cache.length, cache.source.length) == (TOKENS, SOURCE_TOKENS)
        assert close(torch.cat(pieces, dim=1), whole)


@pytest.mark.usefixtures("unchecked")
@every_variant
def test_padded_rows_continue_from_a_cache_as_alone(choices: dict[str, Any]) -> None:
    model = variant(**choices).eval()
    masks, more = MASKS["source right, target left"], tokens(length=4, seed=5)
    kept, source_kept = masks["attention_mask"], masks["source_mask"]
    cache = model.make_cache(BATCH, TOKENS + 4, SOURCE_TOKENS)
    model(tokens(), source=sources(), **masks, cache=cache)
    continued = torch.cat([model(more[:, i : i + 1], cache=cache) for i in range(4)], dim=1)
    for row in range(BATCH):
        text = torch.cat([tokens()[row, kept[row]], more[row]])[None]
        alone = model(text, source=sources()[row, source_kept[row]][None])[0, -4:]
        assert close(continued[row], alone)


@pytest.mark.usefixtures("unchecked")
@every_variant
def test_the_decoder_sees_its_past_and_all_of_the_source(choices: dict[str, Any]) -> None:
    model, text, source = variant(**choices).eval(), tokens()[0], sources()[0]
    window = choices.get("attention", {}).get("window", TOKENS)
    ahead = torch.arange(TOKENS) - torch.arange(TOKENS)[:, None]  # (changed token, place that sees it)
    rows = source.repeat(TOKENS, 1)
    past = reach(model(text.repeat(TOKENS, 1), source=rows), model(each_token_changed(text), source=rows))
    assert torch.equal(past, (ahead >= 0) & (ahead <= LAYERS * (window - 1)))
    texts, rows = text.repeat(SOURCE_TOKENS, 1), source.repeat(SOURCE_TOKENS, 1)
    assert reach(model(texts, source=rows), model(texts, source=each_token_changed(source))).all()


@pytest.mark.usefixtures("unchecked")
@every_variant
def test_a_source_of_padding_is_finite_and_is_not_looked_at(choices: dict[str, Any]) -> None:
    model = variant(**choices)
    masks = {"source_mask": mask("right", [SOURCE_TOKENS, 0, 7], SOURCE_TOKENS)}
    logits = model(tokens(), source=sources(), **masks)
    logits.sum().backward()
    assert logits.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())
    with capture(model, "decoder.*.cross_attention.pattern") as trace:
        model(tokens(), source=sources(), **masks)
    assert all((weights[1] == 0).all() for weights in trace.values())


@pytest.mark.parametrize("position", ["learned", "rotary", "relative"])
def test_reordered_and_truncated_caches_continue_with_their_sources(position: str) -> None:
    model, rows = variant(architecture="encoder_decoder", position=position).eval(), torch.tensor([2, 0, 2])
    source_mask = mask("right", SOURCE_LENGTHS, SOURCE_TOKENS)
    cache = model.make_cache(BATCH, TOKENS + 1, SOURCE_TOKENS)
    model(tokens(), source=sources(), source_mask=source_mask, cache=cache)
    cache.reorder(rows)
    cache.truncate(9)
    texts = torch.cat([tokens()[rows, :9], tokens(length=2, seed=9)], dim=1)
    expected = model(texts, source=sources()[rows], source_mask=source_mask[rows])
    assert close(model(texts[:, 9:], cache=cache), expected[:, 9:])


def test_a_cache_counts_the_source_and_says_when_it_is_full() -> None:
    model: EncoderDecoder = variant(architecture="encoder_decoder", attention={"kv_heads": 3})
    cache = model.make_cache(BATCH, 5, 7)
    assert cache.nbytes == LAYERS * 2 * BATCH * 3 * (5 + 7) * 8 * 4  # as without a source, whose slots are added
    with pytest.raises(ValueError, match="7 slots, and 11 are needed"):
        model(tokens(length=2), source=sources(), cache=cache)


def test_there_must_be_a_source() -> None:
    model = variant(architecture="encoder_decoder")
    for cache in (None, model.make_cache(BATCH, TOKENS, SOURCE_TOKENS)):
        with pytest.raises(ValueError, match="needs a source, or a cache that has read one"):
            model(tokens(), cache=cache)


@torch.no_grad()
def test_the_encoder_s_bias_looks_both_ways_the_decoder_s_back_and_across_there_is_none() -> None:
    model = variant(architecture="encoder_decoder", position="relative").eval()
    same, alike = torch.full((1, SOURCE_TOKENS), 5), {"encoder.norm": lambda _, x: torch.ones_like(x)}
    with capture(model, "*.0.*.scores", edits=alike) as trace:
        model(same, source=same)
    encoder, decoder, across = (trace[f"{key}.scores"][0, :, 4] for key in FIRST_ATTENTIONS)  # (H, T), of one query
    assert ((encoder[:, :4].flip(-1) - encoder[:, 5:9]).abs() > 1e-3).any(dim=0).all()
    assert not close(decoder[:, :4], decoder[:, 4:5].expand(-1, 4), 1e-3)
    assert close(decoder[:, 5:], decoder[:, 4:5].expand(-1, SOURCE_TOKENS - 5))
    assert close(across, across[:, :1].expand_as(across))


FIRST_ATTENTIONS = ("encoder.0.self_attention", "decoder.0.self_attention", "decoder.0.cross_attention")
