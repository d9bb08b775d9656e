"""A decoder that goes on where texts agree says what one says that reads everything."""

from typing import Any

import pytest
import torch

from cutaway.generation.decoding import UncachedStepDecoder
from cutaway.generation.resuming import ResumingStepDecoder
from variants import LATENT, POSITIONS, variant

CONTEXT = 12
TEXTS = [
    [5, 1, 30],
    [5, 1, 30, 8],
    [5, 1, 30, 8, 17, 2, 9],
    [5, 1, 30, 8, 17, 2, 9],
    [5, 1, 7, 8, 17],
    [5, 1],
    [6],
    [6, 1, 30, 8, 17, 2, 9, 14, 3, 36, 20, 11],
]
READ = [3, 1, 3, 1, 3, 1, 1, 11]
"""How many tokens of each are new: the last is always read, and tells what follows."""

KINDS = [*({"position": position} for position in POSITIONS), {"attention": LATENT, "position": "rotary"}]


@pytest.mark.parametrize("choices", [*KINDS, {"attention": {"window": 4}, "position": "rotary"}], ids=str)
def test_it_reads_only_what_is_new(choices: dict[str, Any]) -> None:
    model = variant(context=CONTEXT, **choices).eval()
    resuming, anew = ResumingStepDecoder(model, CONTEXT), UncachedStepDecoder(model, CONTEXT)
    expected = [anew([text]) for text in TEXTS]
    read: list[int] = []
    model.register_forward_pre_hook(lambda _, given: read.append(given[0].shape[1]))
    for text, logits in zip(TEXTS, expected, strict=True):
        assert torch.allclose(resuming([text]), logits, rtol=0, atol=2e-5 * float(logits.abs().max()))
    assert read == READ
