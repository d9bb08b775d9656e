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
        print_json([{one.noun: one.name, **told} for one, told in zip(inputs, found, strict=True)])
        return
    for one, told in zip(inputs, found, strict=True):
        print(f"{_in_words(told)}\t{one.name}")


def _in_words(told: dict[str, Any]) -> str:
    if "value" in told:
        return figure(told["value"])
    if "labels" in told:
        return ", ".join(f"{label} {told['probabilities'][label]:.1%}" for label in told["labels"]) or "none"
    return f"{told['label']} {told['probability']:.1%}"
