"""`cutaway classify`."""

from typing import Any

from cutaway.cli.inputs import Device, File, Model, Texts, given
from cutaway.cli.show import AsJSON, figure, print_json


def classify(
    model: Model, text: Texts = None, file: File = None, device: Device = "auto", json: AsJSON = False
) -> None:
    """Say which label a text has, and how sure the model is."""
    from cutaway.pipeline import load

    texts = given(text, file)
    found = load(model, device).classify(texts)
    if json:
        print_json([{"text": one, **told} for one, told in zip(texts, found, strict=True)])
        return
    for one, told in zip(texts, found, strict=True):
        print(f"{_in_words(told)}\t{one}")


def _in_words(told: dict[str, Any]) -> str:
    if "value" in told:
        return figure(told["value"])
    if "labels" in told:
        return ", ".join(f"{label} {told['probabilities'][label]:.1%}" for label in told["labels"]) or "none"
    return f"{told['label']} {told['probability']:.1%}"
