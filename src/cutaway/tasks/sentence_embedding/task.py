"""Sentence embedding: a vector per text."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from cutaway.data.grouping import in_batches
from cutaway.errors import UserError, nearest
from cutaway.model.device import device_of
from cutaway.model.heads import POOLINGS
from cutaway.model.transformer import Hidden
from cutaway.tasks.sentence_embedding.config import SentenceEmbeddingConfig
from cutaway.tasks.task import LoadedModel, Task
from cutaway.tasks.texts import encode_inputs, require_fitting, require_no_empty, truncate
from cutaway.text.uses import around_text


class SentenceEmbeddingTask(Task[SentenceEmbeddingConfig]):
    """Embeds texts; models for it are imported, not trained here."""

    def predict(self, loaded: LoadedModel, inputs: Sequence[str]) -> list[np.ndarray]:
        """A vector per text (see `Pipeline.embed`)."""
        return embed(loaded, inputs, None)


@torch.inference_mode()
def embed(
    loaded: LoadedModel, texts: Sequence[str], pooling: str | None, truncated: Counter[str] | None = None
) -> list[np.ndarray]:
    """The pooled last hidden states of each text, (C,) in fp32, whatever the model was trained for."""
    if pooling is not None and pooling not in POOLINGS:
        raise UserError(f"no pooling is called {pooling!r}; {nearest(pooling, POOLINGS)}")
    require_no_empty(texts, "has no vector")
    rows = encode_inputs(loaded.tokenizers.text, texts)
    longest: int | None = getattr(loaded.config.task, "longest", None)
    limit = min(longest or loaded.config.model.context, loaded.config.model.context)
    if truncated is None:
        require_fitting(rows, limit)
    else:
        rows = truncate(rows, limit, around_text(loaded.tokenizers.text), truncated)
    is_own = pooling is None and loaded.config.model.head.kind == "embedding"
    pool = POOLINGS[pooling or "mean"]

    def read(head: nn.Module, hidden: Hidden) -> torch.Tensor:
        return pool(hidden.states, hidden.attention_mask)

    def compute(tokens: torch.Tensor, mask: torch.Tensor | None) -> list[np.ndarray]:
        vectors = loaded.model(tokens, attention_mask=mask, read=None if is_own else read)
        return list(vectors.float().cpu().numpy())

    return in_batches(rows, compute, device_of(loaded.model))
