"""Writing on token by token, reading everything anew: the reference for the engine."""

import itertools
from collections.abc import Sequence

import pytest
import torch

from cutaway.generation.decoding import StepDecoder, UncachedStepDecoder, decode, pad_left, window_start
from cutaway.generation.sampling import Sampling
from cutaway.model.transformer import DecoderOnly
from variants import variant

pytestmark = pytest.mark.usefixtures("unchecked")

CONTEXT, STEPS = 9, 26
PROMPTS = [[5, 1, 30, 8], [17], [2, 9, 9, 14, 3, 36, 20, 7, 11, 0, 28, 4], [6, 6]]  # the third is beyond the context


def model_of(position: str) -> DecoderOnly:
    return variant(position=position, context=CONTEXT).eval()


def write(
    decoder: StepDecoder, prompts: Sequence[Sequence[int]], sampling: Sampling | None = None, steps: int = STEPS
) -> list[list[int]]:
    """What is written behind each prompt."""
    return [list(row) for row in zip(*decode(decoder, prompts, sampling or Sampling(seed=4), steps), strict=True)]


@pytest.mark.parametrize("context", [1, 2, 5, 8, 13])
def test_a_text_that_outgrows_the_context_loses_half_a_context_at_a_time(context: int) -> None:
    starts = [window_start(length, context) for length in range(1, 6 * context)]
    seen = [length - start for length, start in enumerate(starts, 1)]
    half = max(1, context // 2)
    assert starts[:context] == [0] * context, "nothing is lost before it must be"
    assert {b - a for a, b in itertools.pairwise(starts)} <= {0, half}
    assert max(seen) == context
    assert min(seen[context:]) == context - half + 1


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
