"""A vector for each text."""

from collections.abc import Sequence

import torch
from torch import nn

from cutaway.config.run import RunConfig
from cutaway.errors import UserError, nearest
from cutaway.model.device import device_of
from cutaway.model.heads import POOLINGS
from cutaway.model.transformer import Hidden, Transformer
from cutaway.tasks.rows.sentences import sentences
from cutaway.text.tokenizer import Tokenizer
from cutaway.verbs.batching import in_batches, require_fitting, require_no_empty


@torch.inference_mode()
def embed(
    model: Transformer, tokenizer: Tokenizer, config: RunConfig, texts: Sequence[str], pooling: str | None
) -> list[list[float]]:
    """The pooled last hidden states of each text (see `Pipeline.embed`)."""
    if pooling is not None and pooling not in POOLINGS:
        raise UserError(f"no pooling is called {pooling!r}; {nearest(pooling, POOLINGS)}")
    require_no_empty(texts, "has no vector")
    rows = sentences(tokenizer, texts)
    require_fitting(rows, config.model.context)

    is_own = pooling is None and config.model.head.kind == "embedding"
    pool = POOLINGS[pooling or "mean"]

    def read(head: nn.Module, hidden: Hidden) -> torch.Tensor:
        return pool(hidden.states, hidden.attention_mask)

    def compute(tokens: torch.Tensor, mask: torch.Tensor | None) -> list[list[float]]:
        return model(tokens, attention_mask=mask, read=None if is_own else read).float().tolist()

    return in_batches(rows, compute, device_of(model))
