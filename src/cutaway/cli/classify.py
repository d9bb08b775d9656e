"""`cutaway classify`."""

from collections import Counter
from typing import TYPE_CHECKING

from cutaway.cli.arguments import Device, File, Model, Texts, given, open_model
from cutaway.cli.input_files import opened, tell
from cutaway.cli.show import AsJSON, in_one_line, print_json
from cutaway.display import figure

if TYPE_CHECKING:
    from cutaway.tasks.classification import Prediction


def classify(
    model: Model, text: Texts = None, file: File = None, device: Device = "auto", json: AsJSON = False
) -> None:
    """Print the label of each input and its probability.

    An input is a text, or the path of an image, a recording, or a FASTA file or edge list with several inputs.
    For example:

    cutaway classify runs/reviews "what a lovely film"

    cutaway classify runs/reviews --file reviews.csv --json
    """
    words = given(text, file, model)
    pipeline = open_model(model, device)
    left_out: Counter[str] = Counter()
    inputs = opened(words, pipeline.config.task.kind, left_out)
    found = pipeline.classify([one.value for one in inputs])
    tell(left_out)
    if json:
        print_json([{one.noun: one.name, **vars(result)} for one, result in zip(inputs, found, strict=True)])
        return
    for one, result in zip(inputs, found, strict=True):
        print(in_one_line(f"{_in_words(result)}\t{one.name}"))


def _in_words(result: "Prediction") -> str:
    from cutaway.tasks.predictions import LabelPrediction, ValuePrediction

    if isinstance(result, ValuePrediction):
        return figure(result.value)
    if isinstance(result, LabelPrediction):
        return f"{result.label} {result.probability:.1%}"
    return ", ".join(f"{label} {result.probabilities[label]:.1%}" for label in result.labels) or "none"
