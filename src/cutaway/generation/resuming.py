"""Decoding a text that extends the last one, or branches off from it."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from cutaway.generation.decoding import score_last
from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly


class ResumingStepDecoder:
    """Reads only the part of a text after the longest prefix that it shares with the last one.

    A text is never longer than the context.
    """

    def __init__(self, model: DecoderOnly, context: int) -> None:
        self._model = model
        self._cache = model.make_cache(1, context)
        self._known: list[int] = []

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "B V"]:
        """Returns the logits of the next token; there is one text."""
        (text,) = texts
        pairs = zip(self._known, text[:-1], strict=False)
        shared = next((i for i, (old, new) in enumerate(pairs) if old != new), min(len(self._known), len(text) - 1))
        self._cache.truncate(shared)
        tokens = torch.tensor([text[shared:]], device=device_of(self._model))
        logits = self._model(tokens, cache=self._cache, read=score_last)
        self._known = list(text)
        return logits
