"""The report of a run: its files, and one look into its model."""

import datetime
import math
from pathlib import Path

from cutaway.data.corpus import open_corpus
from cutaway.look.report import Report, inspect_line, write_report
from cutaway.model.files import RunFolder
from cutaway.pipeline import load
from cutaway.train.callbacks import read_rows

LINE_TOKENS = 48
"""How many tokens of text the report opens the model on: what a page can show legibly."""


def write_run_report(folder: RunFolder) -> Path:
    """Writes `report.html` into a run folder: the course of training, and the best weights' view of a line of text."""
    pipeline = load(folder.path)
    rows = read_rows(folder.metrics)
    samples = read_rows(folder.samples) if folder.samples.exists() else []
    curves = {
        kind: [(row["step"], row["loss"]) for row in rows if row["kind"] == kind] for kind in ("train", "validation")
    }
    line = inspect_line(pipeline.model, pipeline.tokenizer, a_line(folder))
    path = folder.path / "report.html"
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


def facts(rows: list[dict[str, float]], parameters: int) -> dict[str, str]:
    """The figures at the head of the report."""
    training = [row for row in rows if row["kind"] == "train"]
    validation = [row for row in rows if row["kind"] == "validation"]
    last = training[-1]
    shown = {
        "parameters": f"{parameters:,}",
        "tokens seen": f"{last['tokens']:,}",
        "steps": f"{last['step']:,}",
        "minutes of training": f"{last['seconds'] / 60:.1f}",
        "training loss": f"{last['loss']:.3f} nats a token",
    }
    if validation:
        best = min(validation, key=lambda row: row["loss"])
        shown["validation loss"] = f"{best['loss']:.3f} nats a token, at step {best['step']:,}"
        shown["perplexity"] = f"{math.exp(best['loss']):.2f}"
        shown["bits a character"] = f"{best['bits_per_character']:.3f}"
    return {**shown, "date": datetime.date.today().isoformat()}


def a_line(folder: RunFolder) -> str:
    """A few words from the held-out text, or from all of it if nothing was held out."""
    corpus = open_corpus(folder.path)
    tokens = corpus.validation if len(corpus.validation) > LINE_TOKENS else corpus.training
    start = (len(tokens) - LINE_TOKENS) // 2
    return corpus.tokenizer.decode(tokens[start : start + LINE_TOKENS].tolist())
