"""Labels of texts."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from cutaway.config.run import RunConfig
from cutaway.config.task import SequenceClassificationConfig
from cutaway.data.rows.sentences import sentences
from cutaway.data.rows.texts import cut
from cutaway.model.device import device_of
from cutaway.model.transformer import Transformer
from cutaway.text.tokenizer import Tokenizer
from cutaway.verbs.batching import in_batches, require_fitting


@torch.inference_mode()
def classify(
    model: Transformer,
    tokenizer: Tokenizer,
    config: RunConfig,
    texts: Sequence[str],
    truncated: Counter[str] | None = None,
) -> list[dict[str, Any]]:
    """What the model says of each text, by the problem that it was trained for (see `Pipeline.classify`)."""
    task = config.task
    assert isinstance(task, SequenceClassificationConfig)
    rows = sentences(tokenizer, texts)
    if truncated is None:
        require_fitting(rows, config.model.context)
    else:
        rows = cut(rows, config.model.context, truncated)
    logits = in_batches(rows, lambda tokens, mask: model(tokens, attention_mask=mask).double(), device_of(model))
    return [_ANSWERS[task.problem](row, task.labels or ()) for row in logits]


def _single(logits: Tensor, labels: tuple[str, ...]) -> dict[str, Any]:
    probabilities = dict(zip(labels, logits.softmax(dim=-1).tolist(), strict=True))
    label = max(probabilities, key=probabilities.__getitem__)
    return {"label": label, "probability": probabilities[label], "probabilities": probabilities}


def _several(logits: Tensor, labels: tuple[str, ...]) -> dict[str, Any]:
    probabilities = dict(zip(labels, logits.sigmoid().tolist(), strict=True))
    return {"labels": [label for label in labels if probabilities[label] > 0.5], "probabilities": probabilities}


def _value(logits: Tensor, labels: tuple[str, ...]) -> dict[str, Any]:
    return {"value": logits.item()}


_ANSWERS: dict[str, Callable[[Tensor, tuple[str, ...]], dict[str, Any]]] = {
    "single_label": _single,
    "multi_label": _several,
    "regression": _value,
}
