"""`cutaway classify`."""

from collections import Counter
from typing import Any

from cutaway.cli.arguments import Device, File, Model, Texts, given, open_model
from cutaway.cli.input_files import opened, tell
from cutaway.cli.show import AsJSON, figure, print_json


def classify(
    model: Model, text: Texts = None, file: File = None, device: Device = "auto", json: AsJSON = False
) -> None:
    """Print the label of each input and its probability.

    An input is a text, or the path of an image, a recording, or a FASTA file or edge list with several inputs.
    """
    words = given(text, file)
    pipeline = open_model(model, device)
    left_out: Counter[str] = Counter()
    inputs = opened(words, pipeline.config.task.kind, left_out)
    found = pipeline.classify([one.value for one in inputs])
    tell(left_out)
    if json:
        print_json([{one.noun: one.name, **result} for one, result in zip(inputs, found, strict=True)])
        return
    for one, result in zip(inputs, found, strict=True):
        print(f"{_in_words(result)}\t{one.name}")


def _in_words(result: dict[str, Any]) -> str:
    if "value" in result:
        return figure(result["value"])
    if "labels" in result:
        return ", ".join(f"{label} {result['probabilities'][label]:.1%}" for label in result["labels"]) or "none"
    return f"{result['label']} {result['probability']:.1%}"
