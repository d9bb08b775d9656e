"""Writing on with a cache is writing on without one, in a batch as alone, within the context and far beyond it."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from cutaway.generation.decoding import (
    CachedStepDecoder,
    StepDecoder,
    UncachedStepDecoder,
    decode,
    pad_left,
    window_start,
)
from cutaway.generation.sampling import Sampling
from cutaway.model.transformer import DecoderOnly
from variants import LATENT, POSITIONS, variant

pytestmark = pytest.mark.usefixtures("unchecked")

CONTEXT, STEPS = 9, 26
PROMPTS = [[5, 1, 30, 8], [17], [2, 9, 9, 14, 3, 36, 20, 7, 11, 0, 28, 4], [6, 6]]  # the third is beyond the context

every_position = pytest.mark.parametrize("position", POSITIONS)


class Watched:
    """A decoder that keeps what another one says."""

    def __init__(self, decoder: StepDecoder) -> None:
        self._decoder = decoder
        self.logits: list[Tensor] = []

    def __call__(self, texts: Sequence[Sequence[int]]) -> Tensor:
        self.logits.append(self._decoder(texts))
        return self.logits[-1]


def model_of(position: str) -> DecoderOnly:
    return variant(position=position, context=CONTEXT).eval()


def write(
    decoder: StepDecoder, prompts: Sequence[Sequence[int]], sampling: Sampling | None = None, steps: int = STEPS
) -> list[list[int]]:
    """What is written behind each prompt."""
    return [list(row) for row in zip(*decode(decoder, prompts, sampling or Sampling(seed=4), steps), strict=True)]


@pytest.mark.usefixtures("unchecked")
@every_position
def test_cached_equals_uncached_within_the_context_and_beyond(position: str) -> None:
    model = model_of(position)
    cached, uncached = Watched(CachedStepDecoder(model, CONTEXT)), Watched(UncachedStepDecoder(model, CONTEXT))
    assert write(cached, PROMPTS) == write(uncached, PROMPTS)
    assert len(cached.logits) == STEPS
    for a, b in zip(cached.logits, uncached.logits, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=2e-5 * float(b.abs().max()))


@pytest.mark.usefixtures("unchecked")
@every_position
def test_a_batch_is_written_as_each_prompt_alone(position: str) -> None:
    model = model_of(position)
    batch = write(CachedStepDecoder(model, CONTEXT), PROMPTS)
    alone = [
        write(CachedStepDecoder(model, CONTEXT), [prompt], Sampling(seed=4 + i)) for i, prompt in enumerate(PROMPTS)
    ]
    assert batch == list(itertools.chain(*alone))
    assert len({tuple(row) for row in batch}) == len(PROMPTS), "the prompts matter"


@pytest.mark.parametrize("attention", [{"kv_heads": 2}, LATENT], ids=["grouped", "latent"])
def test_a_window_is_cached_too(attention: dict[str, Any]) -> None:
    model = variant(position="rotary", context=CONTEXT, attention=attention | {"window": 3}).eval()
    assert write(CachedStepDecoder(model, CONTEXT), PROMPTS) == write(UncachedStepDecoder(model, CONTEXT), PROMPTS)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("context", [1, 2, 3, 8])
def test_any_context_will_do(context: int) -> None:
    model = variant(position="learned", context=context).eval()
    assert write(CachedStepDecoder(model, context), PROMPTS) == write(UncachedStepDecoder(model, context), PROMPTS)


@pytest.mark.parametrize("context", [1, 2, 5, 8, 13])
def test_a_text_that_outgrows_the_context_loses_half_a_context_at_a_time(context: int) -> None:
    starts = [window_start(length, context) for length in range(1, 6 * context)]
    seen = [length - start for length, start in enumerate(starts, 1)]
    half = max(1, context // 2)
    assert starts[:context] == [0] * context, "nothing is lost before it must be"
    assert {b - a for a, b in itertools.pairwise(starts)} <= {0, half}
    assert max(seen) == context
    assert min(seen[context:]) == context - half + 1


def test_the_model_reads_a_single_token_a_step_while_nothing_is_lost() -> None:
    model = model_of("rotary")
    lengths: list[int] = []
    model.decoder.register_forward_pre_hook(lambda _, inputs: lengths.append(inputs[0].shape[1]))
    write(CachedStepDecoder(model, CONTEXT), [[5, 1, 30]], steps=7)
    assert lengths == [3, 1, 1, 1, 1, 1, 1]


def test_the_head_scores_the_last_token_only() -> None:
    model = model_of("rotary")
    shapes: list[tuple[int, ...]] = []
    model.head.register_forward_pre_hook(lambda _, inputs: shapes.append(tuple(inputs[0].shape[:2])))
    write(CachedStepDecoder(model, CONTEXT), PROMPTS, steps=2)
    assert shapes == [(len(PROMPTS), 1)] * 2


def test_what_is_written_depends_on_the_prompt_and_on_what_was_written() -> None:
    model = model_of("rotary")
    greedy = Sampling(temperature=0.0)
    [text] = write(UncachedStepDecoder(model, CONTEXT), [PROMPTS[0]], greedy, steps=5)
    for i, token in enumerate(text):
        assert token == int(model(torch.tensor([PROMPTS[0] + text[:i]]))[0, -1].argmax())


def test_what_repeats_is_told_from_prompt_and_text() -> None:
    always_the_same = torch.tensor([[5.0, 4.0, 3.0, 2.0, 1.0]])
    once_each = Sampling(temperature=0.0, repetition_penalty=10.0)
    [text] = write(lambda texts: always_the_same, [[2]], once_each, steps=4)
    assert text == [0, 1, 3, 4]


def test_texts_are_padded_so_that_they_end_together() -> None:
    tokens, mask = pad_left([[1], [2, 3, 4], [5, 6]])
    assert mask is not None
    assert mask.tolist() == [[False, False, True], [True, True, True], [False, True, True]]
    assert tokens[mask].tolist() == [1, 2, 3, 4, 5, 6]
    assert pad_left([[1, 2], [3, 4]])[1] is None
