"""What a mask hides."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.model.device import device_of
from cutaway.model.transformer import Hidden, Transformer
from cutaway.text.tokenizer import Tokenizer
from cutaway.verbs.batching import in_batches, require_fitting


@torch.inference_mode()
def fill(
    model: Transformer, tokenizer: Tokenizer, config: RunConfig, texts: Sequence[str], top_k: int
) -> list[list[list[dict[str, Any]]]]:
    """For each mask of each text the likeliest tokens (see `Pipeline.fill`)."""
    if tokenizer.mask is None:
        raise UserError("the tokenizer has no mask token: the model was not trained to fill")
    if not 1 <= top_k <= len(tokenizer.ordinary):
        raise UserError(f"top_k must be between 1 and {len(tokenizer.ordinary)}, the number of tokens")
    rows = [tokenizer.encode(text, special=True) for text in texts]
    mask = tokenizer.pieces([tokenizer.mask])[0]
    for text, row in zip(texts, rows, strict=True):
        if tokenizer.mask not in row:
            raise UserError(f"there is no {mask} in {text!r}: write it where a word is to be filled in")
    require_fitting(rows, config.model.context)
    ordinary = tokenizer.ordinary

    def compute(tokens: torch.Tensor, keep: torch.Tensor | None) -> list[list[list[dict[str, Any]]]]:
        def score(head: nn.Module, hidden: Hidden) -> list[torch.Tensor]:
            return [head(states[row == tokenizer.mask]) for states, row in zip(hidden.states, tokens, strict=True)]

        found = []
        for scores in model(tokens, attention_mask=keep, read=score):
            logits = scores[:, ordinary.start : ordinary.stop]
            best = logits.double().softmax(dim=-1).topk(top_k, dim=-1)
            found.append([_candidates(*mask) for mask in zip(best.indices.tolist(), best.values.tolist(), strict=True)])
        return found

    def _candidates(indices: Sequence[int], probabilities: Sequence[float]) -> list[dict[str, Any]]:
        pieces = tokenizer.pieces([ordinary.start + index for index in indices])
        return [{"token": piece, "probability": p} for piece, p in zip(pieces, probabilities, strict=True)]

    return in_batches(rows, compute, device_of(model))
