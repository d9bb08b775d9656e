"""Labels of whatever a model is shown."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly, Transformer
from cutaway.tasks.rows.shown import Kind
from cutaway.tasks.shared import ClassificationConfig
from cutaway.verbs.batching import in_groups


@torch.inference_mode()
def classify(model: Transformer, task: ClassificationConfig, kind: Kind, shown: Sequence[Any]) -> list[dict[str, Any]]:
    """What the model says of each input, by the problem that it was trained for (see `Pipeline.classify`)."""
    device = device_of(model)
    stack = model.decoder if isinstance(model, DecoderOnly) else model.encoder

    def length(one: Any) -> int:
        return stack.embedding.slots(torch.from_numpy(kind.batch([one])["inputs"])).shape[1]

    def compute(some: Sequence[Any]) -> list[Tensor]:
        arguments = {name: torch.from_numpy(array).to(device) for name, array in kind.batch(some).items()}
        return list(model(arguments.pop("inputs"), **arguments).double())

    logits = in_groups(shown, [length(one) for one in shown], compute, form=kind.form)
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
