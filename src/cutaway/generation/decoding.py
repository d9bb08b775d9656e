"""Autoregressive decoding, with and without a key-value cache."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cutaway.generation.sampling import Sampler, Sampling
from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly, Hidden
from cutaway.nn.cache import Cache


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
    sampler = Sampler(sampling, len(texts))
    for _ in range(steps):
        tokens: list[int] = sampler.draw(decoder(texts), texts).tolist()
        for text, token in zip(texts, tokens, strict=True):
            text.append(token)
        yield tokens


class UncachedStepDecoder:
    """Reads every text from its beginning at every step: slow, and the reference for the cached decoder."""

    def __init__(self, model: DecoderOnly, context: int) -> None:
        self._model = model
        self._context = context

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns the logits of each text's next token."""
        rows = [torch.tensor([text[window_start(len(text), self._context) :]]) for text in texts]
        device = device_of(self._model)
        return torch.cat([self._model(row.to(device), read=score_last) for row in rows])


class CachedStepDecoder:
    """Reads only the tokens added since the last step; reads a whole window again when a text outgrows the context.

    Texts of different lengths share a batch, padded on the left.

    Args:
        model: the decoder.
        context: the size of its window in tokens.
        longest: the number of tokens of the longest text there will be, which limits the size of the cache.
    """

    def __init__(self, model: DecoderOnly, context: int, longest: int | None = None) -> None:
        self._model = model
        self._context = context
        self._slots = context if longest is None else min(context, longest)
        self._cache: Cache | None = None
        self._starts: list[int] = []

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns the logits of each text's next token; each text must be that of the last call plus one token."""
        starts = [window_start(len(text), self._context) for text in texts]
        if starts == self._starts:
            tokens, mask = torch.tensor([text[-1:] for text in texts]), None
        else:
            tokens, mask = pad_left([text[start:] for text, start in zip(texts, starts, strict=True)])
            self._cache = self._model.make_cache(len(texts), self._slots)
            self._starts = starts
        device = device_of(self._model)
        mask = None if mask is None else mask.to(device)
        return self._model(tokens.to(device), attention_mask=mask, cache=self._cache, read=score_last)


def score_last(head: nn.Module, hidden: Hidden) -> Float[Tensor, "B V"]:
    """The logits after the last token of each row; the head reads no other token."""
    return head(hidden.states[:, -1:])[:, 0]


def window_start(length: int, context: int) -> int:
    """The index of the first token in the model's window.

    A text that outgrows the context drops half a context at a time, so that a cache is valid for many steps.
    """
    step = max(1, context // 2)
    return max(0, -(-(length - context) // step) * step)


def pad_left(texts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor | None]:
    """Pads texts on the left; returns tokens and mask (B, T), without a mask if all have the same length."""
    longest = max(len(text) for text in texts)
    tokens = torch.tensor([[0] * (longest - len(text)) + list(text) for text in texts])
    if all(len(text) == longest for text in texts):
        return tokens, None
    slots = torch.arange(longest)
    return tokens, slots >= torch.tensor([[longest - len(text)] for text in texts])
