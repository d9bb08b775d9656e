"""Log-probabilities of the tokens of a text."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly


class TokenScore(NamedTuple):
    """A token of a text, and the natural logarithm of its probability given the tokens before it."""

    token: str
    log_probability: float


@torch.inference_mode()
def token_log_probabilities(model: DecoderOnly, tokens: Sequence[int], context: int) -> list[float]:
    """The natural logarithm of each token's probability given the tokens before it, from the second token on.

    A text longer than the context is read in windows that overlap by half; each token is scored in the window with the
    most tokens before it.
    """
    device = device_of(model)
    scores: list[float] = []
    stride = max(1, context // 2)
    start = 0
    while len(scores) < len(tokens) - 1:
        window = torch.tensor([list(tokens[start : start + context + 1])], device=device)
        found = _score(model, window)
        scores += found[len(scores) - start :].tolist()
        start += stride
    return scores


def _score(model: DecoderOnly, window: Tensor) -> Tensor:
    logits = model(window[:, :-1]).float()
    return logits.log_softmax(dim=-1).gather(-1, window[:, 1:, None])[0, :, 0]
