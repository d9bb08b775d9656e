"""A model that writes what it sees: cached = uncached, fused = plain, and the decoder sees its past and every pixel."""

import random
from typing import Any

import pytest
import torch
from torch import Tensor

from cutaway.model.transformer import EncoderDecoder
from cutaway.tap import capture
from model.identities import assert_fused_equals_plain, close, each_token_changed, reach
from variants import BATCH, LAYERS, TOKENS, VOCABULARY, name, tokens, variant

CHANNELS, HEIGHT, WIDTH, PATCH = 2, 6, 12, 3
PATCHES = (HEIGHT // PATCH) * (WIDTH // PATCH)
SEEN = {"kind": "patches", "patch": PATCH, "channels": CHANNELS, "height": HEIGHT, "width": WIDTH, "cls": False}

MATRIX: list[dict[str, Any]] = [
    *({"position": position} for position in ("none", "learned", "rotary", "alibi", "relative")),
    {"source_embedding": SEEN | {"cls": True, "norm": True}, "encoder_layers": 3},
    {"residual": "parallel", "norm": "rms", "attention": {"kv_heads": 3}},
    {"residual": "post", "attention": {"kind": "latent", "latent_rank": 10, "rotary_width": 4}, "position": "rotary"},
]
every_variant = pytest.mark.parametrize("choices", MATRIX, ids=name)


def made(choices: dict[str, Any]) -> EncoderDecoder:
    model = variant(**{"architecture": "encoder_decoder", "source_embedding": SEEN, **choices})
    assert isinstance(model, EncoderDecoder)
    return model


def images(batch: int = BATCH, seed: int = 3, height: int = HEIGHT) -> Tensor:
    return torch.randn(batch, CHANNELS, height, WIDTH, generator=torch.Generator().manual_seed(seed))


def slots(choices: dict[str, Any]) -> int:
    return PATCHES + choices.get("source_embedding", SEEN)["cls"]


@every_variant
def test_fused_equals_plain_with_gradients(choices: dict[str, Any]) -> None:
    model, kept = made(choices), torch.ones(BATCH, TOKENS, dtype=torch.bool)
    attentions = 2 * LAYERS + choices.get("encoder_layers", LAYERS)
    assert_fused_equals_plain(model, lambda: model(tokens(), source=images()), kept, attentions)


@every_variant
def test_cached_equals_uncached_for_any_split(choices: dict[str, Any]) -> None:
    model = made(choices).eval()
    whole = model(tokens(), source=images())
    for seed in range(2):
        first, *rest = tokens().tensor_split(sorted(random.Random(seed).sample(range(1, TOKENS), 3)), dim=1)
        cache = model.make_cache(BATCH, TOKENS + 2, slots(choices))
        pieces = [model(first, source=images(), cache=cache), *(model(piece, cache=cache) for piece in rest)]
        assert (cache.length, cache.source.length) == (TOKENS, slots(choices))
        assert close(torch.cat(pieces, dim=1), whole)


@every_variant
def test_together_equals_alone(choices: dict[str, Any]) -> None:
    model = made(choices).eval()
    together = model(tokens(), source=images())
    for row in range(BATCH):
        assert close(together[row], model(tokens()[row : row + 1], source=images()[row : row + 1])[0])


@every_variant
def test_the_decoder_sees_its_past_and_every_patch(choices: dict[str, Any]) -> None:
    model, text, image = made(choices).eval(), tokens()[0], images()[:1]
    ahead = torch.arange(TOKENS) - torch.arange(TOKENS)[:, None]  # (changed token, place that sees it)
    rows = image.expand(TOKENS, -1, -1, -1)
    past = reach(model(text.repeat(TOKENS, 1), source=rows), model(each_token_changed(text), source=rows))
    assert torch.equal(past, ahead >= 0)
    changed = image.repeat(PATCHES, 1, 1, 1)
    for number in range(PATCHES):
        row, column = divmod(number, WIDTH // PATCH)
        changed[number, :, row * PATCH, column * PATCH] += 5
    texts = text.repeat(PATCHES, 1)
    assert reach(model(texts, source=image.expand(PATCHES, -1, -1, -1)), model(texts, source=changed)).all()


@every_variant
def test_both_stacks_can_be_looked_into(choices: dict[str, Any]) -> None:
    model, seen = made(choices).eval(), slots(choices)
    with capture(model, ["encoder.*.pattern", "decoder.*.pattern", "encoder.embed.out"]) as trace:
        model(tokens(), source=images())
    assert trace["encoder.embed.out"].shape[:2] == (BATCH, seen)
    shapes = {key: tuple(trace[key].shape[2:]) for key in trace if key.endswith("pattern")}
    assert shapes["encoder.1.self_attention.pattern"] == (seen, seen)
    assert shapes["decoder.1.self_attention.pattern"] == (TOKENS, TOKENS)
    assert shapes["decoder.1.cross_attention.pattern"] == (TOKENS, seen)
    assert all(torch.allclose(trace[key].sum(dim=-1), torch.ones(())) for key in shapes)
    silenced = {"encoder.norm": lambda _, x: torch.zeros_like(x)}
    with capture(model, edits=silenced):
        blind = [model(tokens(), source=images(seed=seed)) for seed in (3, 4)]
    assert close(*blind), "all that the decoder knows of an image comes from the encoder"


def test_images_of_other_sizes_are_read_where_places_are_interpolated() -> None:
    model = made({"position": "learned"}).eval()
    logits = model(tokens(), source=images(height=HEIGHT + PATCH))
    assert logits.shape == (BATCH, TOKENS, VOCABULARY)
    assert not close(logits, model(tokens(), source=images(height=HEIGHT + PATCH)[:, :, :HEIGHT]), 1e-3)
