"""The report of a run: its training curves, and a look inside its model."""

import datetime
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cutaway.data.text.corpus import Corpus, open_corpus
from cutaway.interpret.report_page import Report, inspect_line, write_report
from cutaway.model.run_folder import RunFolder
from cutaway.pipeline import load
from cutaway.training.callbacks import read_metrics, read_samples

LINE_TOKENS = 48
"""The most tokens of the line that the report shows."""
LARGE = 20.0
"""A loss beyond which the perplexity is shown as a power of e."""
PLACES = 100
"""The number of passages that the line is chosen from."""

Row = Mapping[str, Any]


def report_path(folder: RunFolder) -> Path:
    """Where the report of a run is."""
    return folder.path / "report.html"


def write_run_report(folder: RunFolder) -> Path:
    """Writes `report.html` into a run folder: the training curves, and the best weights applied to a line of text.

    Raises:
        UserError: a file of the run is missing or damaged, or the model is too large for a page.
    """
    pipeline = load(folder.path)
    folder.require(folder.metrics)
    rows = read_metrics(folder.metrics)
    samples = read_samples(folder.samples) if folder.samples.exists() else []
    curves = {
        kind: [(row["step"], row["loss"]) for row in rows if row["kind"] == kind] for kind in ("train", "validation")
    }
    text = a_line(open_corpus(folder.path), min(LINE_TOKENS, pipeline.config.model.context))
    line = inspect_line(pipeline.model, pipeline.tokenizer, text)
    path = report_path(folder)
    write_report(
        path,
        Report(
            title=pipeline.config.preset or folder.path.name,
            facts=facts(rows, sum(weight.numel() for weight in pipeline.model.parameters())),
            vocabulary=pipeline.tokenizer.vocabulary,
            training=curves["train"],
            validation=curves["validation"],
            samples=[(row["step"], row["text"]) for row in samples],
            **line._asdict(),
        ),
    )
    return path


def facts(rows: Sequence[Row], parameters: int) -> dict[str, str]:
    """The figures at the top of the report."""
    training = [row for row in rows if row["kind"] == "train"]
    validation = [row for row in rows if row["kind"] == "validation"]
    shown = {"parameters": f"{parameters:,}"}
    if training:
        last = training[-1]
        shown["tokens seen"] = f"{last['tokens']:,}"
        shown["steps"] = f"{last['step']:,}"
        shown["minutes of training"] = f"{last['seconds'] / 60:.1f}"
        shown["training loss"] = f"{last['loss']:.3f} nats per token"
    if validation:
        best = min(validation, key=lambda row: row["loss"])
        shown["validation loss"] = f"{best['loss']:.3f} nats per token, at step {best['step']:,}"
        shown["perplexity"] = f"{math.exp(best['loss']):.2f}" if best["loss"] < LARGE else f"e^{best['loss']:.0f}"
        if "bits_per_character" in best:
            shown["bits per character"] = f"{best['bits_per_character']:.3f}"
    return {**shown, "date": datetime.date.today().isoformat()}


def a_line(corpus: Corpus, most: int) -> str:
    """A passage of at most `most` tokens from the held-out text, or from all of it if too little was held out.

    Of several evenly spaced passages, the one with the most different tokens, to avoid empty ones.
    """
    tokens = corpus.validation if len(corpus.validation) > most else corpus.training
    last = max(1, len(tokens) - most)
    places = [tokens[start : start + most].tolist() for start in range(0, last, -(-last // PLACES))]
    line = max(places, key=lambda place: len(set(place)))
    text = corpus.tokenizer.decode(line).strip("\N{REPLACEMENT CHARACTER}")
    while len(corpus.tokenizer.encode(text)) > most:  # out of context, it may have other tokens
        text = text[:-1]
    return text
