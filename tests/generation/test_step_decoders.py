"""What follows a source is the same with a cache and without, in a batch as alone; and rows may trade places."""

import pytest
import torch

from cutaway.generation.decoding import decode
from cutaway.generation.sampling import Sampling
from cutaway.generation.step_decoders import CachedSeq2SeqDecoder, PromptStepDecoder, UncachedSeq2SeqDecoder
from generation.translators import BEGIN, LENGTHS, sources, translator
from variants import POSITIONS, variant

STEPS = 8
SAMPLINGS = {"greedy": Sampling(temperature=0.0), "sampled": Sampling(seed=4)}

every_position = pytest.mark.parametrize("position", POSITIONS)


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return torch.allclose(a, b, rtol=0, atol=2e-5 * float(b.abs().max()))


@pytest.mark.usefixtures("unchecked")
@every_position
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_cached_equals_uncached_and_the_source_matters(position: str, sampling: str) -> None:
    model, (source, mask), begun = translator(position=position), sources(), [[BEGIN]] * len(LENGTHS)
    readers = CachedSeq2SeqDecoder(model, source, mask, STEPS), UncachedSeq2SeqDecoder(model, source, mask)
    cached, uncached = (list(decode(decoder, begun, SAMPLINGS[sampling], STEPS)) for decoder in readers)
    assert cached == uncached
    logits = CachedSeq2SeqDecoder(model, source, mask, STEPS)(begun)
    assert ((logits[1:] - logits[0]).abs().amax(dim=1) > 1e-3).all(), "they differ by nothing but their sources"


def test_the_uncached_reader_reads_what_the_model_says() -> None:
    model, (source, mask) = translator(), sources()
    texts = [[BEGIN, 5 + i, 20] for i in range(len(LENGTHS))]
    expected = model(torch.tensor(texts), source=source, source_mask=mask)[:, -1]
    assert close(UncachedSeq2SeqDecoder(model, source, mask)(texts), expected)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_images_are_read_as_the_model_reads_them(sampling: str) -> None:
    seen = {"kind": "patches", "patch": 2, "channels": 3, "height": 4, "width": 6}
    model, begun = translator(source_embedding=seen), [[BEGIN]] * 4
    images = torch.randn(4, 3, 4, 6)
    cached = CachedSeq2SeqDecoder(model, images, None, STEPS)

    def whole(texts: list[list[int]]) -> torch.Tensor:
        return model(torch.tensor(texts), source=images)[:, -1]

    written = [list(decode(read, begun, SAMPLINGS[sampling], STEPS)) for read in (cached, whole)]
    assert written[0] == written[1]
    logits = CachedSeq2SeqDecoder(model, images, None, STEPS)(begun)
    assert ((logits[1:] - logits[0]).abs().amax(dim=1) > 1e-3).all(), "they differ by nothing but their images"


def test_a_text_may_begin_with_several_tokens() -> None:
    model, (source, mask), begun = translator(), sources(), [[BEGIN, 7 + i] for i in range(len(LENGTHS))]
    cached, uncached = CachedSeq2SeqDecoder(model, source, mask, STEPS), UncachedSeq2SeqDecoder(model, source, mask)
    assert list(decode(cached, begun, SAMPLINGS["greedy"], 4)) == list(decode(uncached, begun, SAMPLINGS["greedy"], 4))


def test_the_source_is_read_once_and_of_the_text_one_token_a_step() -> None:
    model, (source, mask) = translator(), sources()
    encoded: list[int] = []
    decoded: list[int] = []
    model.encoder.register_forward_pre_hook(lambda _, inputs: encoded.append(inputs[0].shape[1]))
    model.decoder.register_forward_pre_hook(lambda _, inputs: decoded.append(inputs[0].shape[1]))
    list(decode(CachedSeq2SeqDecoder(model, source, mask, 4), [[BEGIN]] * len(LENGTHS), Sampling(), 4))
    assert (encoded, decoded) == ([max(LENGTHS)], [1] * 4)


@every_position
def test_rows_of_sources_multiply_trade_places_and_end(position: str) -> None:
    model, (source, mask) = translator(position=position), sources()
    cached = CachedSeq2SeqDecoder(model, source, mask, 3)
    cached.step(torch.full((len(LENGTHS),), BEGIN))
    cached.reorder(torch.tensor([2, 2, 0, 4]))
    cached.step(torch.tensor([5, 6, 7, 8]))
    cached.reorder(torch.tensor([3, 1]))
    uncached = UncachedSeq2SeqDecoder(model, source[[4, 2]], mask[[4, 2]])
    assert close(cached.step(torch.tensor([9, 10])), uncached([[BEGIN, 8, 9], [BEGIN, 6, 10]]))


@every_position
@pytest.mark.parametrize("prompts", [[[5, 1, 30], [17], [2, 9, 9, 14]], [[5], [17], [2]]], ids=["ragged", "short"])
def test_rows_behind_prompts_multiply_trade_places_and_end(position: str, prompts: list[list[int]]) -> None:
    model = variant(position=position).eval().requires_grad_(False)
    decoder = PromptStepDecoder(model, prompts, 2)
    decoder.step(torch.tensor([prompt[-1] for prompt in prompts]))
    decoder.reorder(torch.tensor([1, 2, 0, 1]))
    last = decoder.step(torch.tensor([8, 11, 3, 12]))
    texts = [[*prompts[row], token] for row, token in zip([1, 2, 0, 1], [8, 11, 3, 12], strict=True)]
    assert close(last, torch.cat([model(torch.tensor([text]))[:, -1] for text in texts]))
