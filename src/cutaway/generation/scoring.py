"""How likely a text is, token by token."""

from collections.abc import Sequence

import torch
from torch import Tensor

from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly


@torch.inference_mode()
def token_log_probabilities(model: DecoderOnly, tokens: Sequence[int], context: int) -> list[float]:
    """Natural logarithm of each token's probability, given those before it; the first token has none.

    A text longer than the context is read in windows that overlap by half, and each token is scored where most of the
    text before it is in view.
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
