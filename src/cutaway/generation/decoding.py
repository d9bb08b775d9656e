"""Writing on, token by token, with what attention remembers kept in a cache."""

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
    """Something that reads texts as they grow and scores what may follow each."""

    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns logits of the next token of each text."""


def decode(
    decoder: StepDecoder, prompts: Sequence[Sequence[int]], sampling: Sampling, steps: int
) -> Iterator[list[int]]:
    """Writes `steps` tokens behind each prompt; yields those of one step, one a prompt, as they are drawn.

    The caller stops when it has enough. Prompts may differ in length; none may be empty.
    """
    texts = [list(prompt) for prompt in prompts]
    sampler = Sampler(sampling, len(texts))
    for _ in range(steps):
        tokens: list[int] = sampler.draw(decoder(texts), texts).tolist()
        for text, token in zip(texts, tokens, strict=True):
            text.append(token)
        yield tokens


class UncachedStepDecoder:
    """Reads every text anew each time: slow, and what the cached decoder is tested against."""

    def __init__(self, model: DecoderOnly, context: int) -> None:
        self._model = model
        self._context = context

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns logits of the next token of each text."""
        rows = [torch.tensor([text[window_start(len(text), self._context) :]]) for text in texts]
        device = device_of(self._model)
        return torch.cat([self._model(row.to(device), read=score_last) for row in rows])


class CachedStepDecoder:
    """Reads what was added since last time, and everything in view only when a text has outgrown the context.

    Texts of different lengths stand in one batch, padded on the left.

    Args:
        model: the decoder.
        context: how many tokens it looks back.
        longest: tokens in the longest text that there will be: no more is remembered.
    """

    def __init__(self, model: DecoderOnly, context: int, longest: int | None = None) -> None:
        self._model = model
        self._context = context
        self._slots = context if longest is None else min(context, longest)
        self._cache: Cache | None = None
        self._starts: list[int] = []

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns logits of the next token of each text; each must be what it was last time, and one token more."""
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
    """Scores what may follow the last token of each row; the head sees nothing else."""
    return head(hidden.states[:, -1:])[:, 0]


def window_start(length: int, context: int) -> int:
    """First token of a text that the model still reads.

    A text that outgrows the context loses half a context at a time, so that a cache serves for many steps.
    """
    step = max(1, context // 2)
    return max(0, -(-(length - context) // step) * step)


def pad_left(texts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor | None]:
    """Stacks texts so that they end together; returns tokens and mask (B, T), no mask if all are of one length."""
    longest = max(len(text) for text in texts)
    tokens = torch.tensor([[0] * (longest - len(text)) + list(text) for text in texts])
    if all(len(text) == longest for text in texts):
        return tokens, None
    slots = torch.arange(longest)
    return tokens, slots >= torch.tensor([[longest - len(text)] for text in texts])
