"""Tags of words."""

from collections.abc import Sequence
from typing import Any

import torch

from cutaway.model.device import device_of
from cutaway.model.transformer import Transformer
from cutaway.tasks.token_classification.task import align
from cutaway.text.tokenizer import Tokenizer
from cutaway.verbs.batching import in_batches, require_fitting


@torch.inference_mode()
def tag(
    model: Transformer, tokenizer: Tokenizer, context: int, labels: Sequence[str], sentences: Sequence[Sequence[str]]
) -> list[list[dict[str, Any]]]:
    """The likeliest tag of each word of each sentence: that of the word's first token (see `Pipeline.tag`)."""
    aligned = [align(tokenizer, words) for words in sentences]
    rows = [tokens for tokens, _ in aligned]
    require_fitting(rows, context)
    logits = in_batches(rows, lambda tokens, mask: model(tokens, attention_mask=mask), device_of(model))
    tagged = []
    for words, (_, starts), row in zip(sentences, aligned, logits, strict=True):
        best = row[starts].double().softmax(dim=-1).max(dim=-1)
        tagged.append(
            [
                {"word": word, "tag": labels[index], "probability": probability}
                for word, index, probability in zip(words, best.indices.tolist(), best.values.tolist(), strict=True)
            ]
        )
    return tagged
