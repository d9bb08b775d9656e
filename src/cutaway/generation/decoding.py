"""Autoregressive decoding step by step. Decoders of prompts without a source are in `engine`."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.generation.sampling import Sampling, draw, samplers
from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly, Hidden


@runtime_checkable
class StepDecoder(Protocol):
    """Computes the logits of the next token of growing texts."""

    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns the logits of each text's next token."""


def decode(
    decoder: StepDecoder, prompts: Sequence[Sequence[int]], sampling: Sampling, steps: int
) -> Iterator[list[int]]:
    """Appends `steps` tokens to each prompt; yields the tokens of each step, one per prompt, as they are drawn.

    The caller may stop earlier. Prompts may differ in length, but none may be empty.
    """
    texts = [list(prompt) for prompt in prompts]
    rows = samplers(sampling, len(texts))
    for _ in range(steps):
        tokens = draw(rows, decoder(texts), texts)
        for text, token in zip(texts, tokens, strict=True):
            text.append(token)
        yield tokens


class UncachedStepDecoder:
    """Reads every text from its beginning at every step: slow, and the reference for the engine."""

    def __init__(self, model: DecoderOnly, context: int) -> None:
        self._model = model
        self._context = context

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns the logits of each text's next token."""
        rows = [torch.tensor([text[window_start(len(text), self._context) :]]) for text in texts]
        device = device_of(self._model)
        return torch.cat([self._model(row.to(device), read=score_last) for row in rows])


def score_last(head: nn.Module, hidden: Hidden) -> Float[Tensor, "B V"]:
    """The logits after the last token of each row; the head reads no other token."""
    return head(hidden.states[:, -1:])[:, 0]


def window_start(length: int, context: int) -> int:
    """The index of the first token in the model's window.

    A text that outgrows the context drops half a context at a time, so that a cache is valid for many steps.
    """
    step = max(1, context // 2)
    return max(0, -(-(length - context) // step) * step)


def shared_beginning(first: Sequence[int], second: Sequence[int]) -> int:
    """The number of tokens with which both begin."""
    pairs = zip(first, second, strict=False)
    return next((i for i, (one, other) in enumerate(pairs) if one != other), min(len(first), len(second)))


def pad_left(texts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor | None]:
    """Pads texts on the left; returns tokens and mask (B, T), without a mask if all have the same length."""
    longest = max(len(text) for text in texts)
    tokens = torch.tensor([[0] * (longest - len(text)) + list(text) for text in texts])
    if all(len(text) == longest for text in texts):
        return tokens, None
    slots = torch.arange(longest)
    return tokens, slots >= torch.tensor([[longest - len(text)] for text in texts])
