"""Measuring a model on data that it was not trained on: its run's own, or any other."""

from collections import Counter
from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.data.collect import read_examples
from cutaway.data.example_store import open_examples
from cutaway.data.text.corpus import open_corpus
from cutaway.data.text.prepare import prepare
from cutaway.errors import UserError
from cutaway.evaluation.examples import MEASURES, WritingOptions
from cutaway.evaluation.sequences import measure_sequences
from cutaway.evaluation.texts import measure_text
from cutaway.metrics.report import Report
from cutaway.pipeline import Pipeline
from cutaway.runs.requirements import require_choices
from cutaway.tasks.algorithmic.config import AlgorithmicConfig

DEFAULT = WritingOptions()
TEXT_TASKS = ("language_modeling", "masked_language_modeling")


def evaluate_run(pipeline: Pipeline, out: Path, options: WritingOptions = DEFAULT) -> Report:
    """Measures a run's model on what the run held out.

    Raises:
        UserError: the run held nothing out.
    """
    task = pipeline.config.task
    if isinstance(task, AlgorithmicConfig):
        return measure_sequences(pipeline, task)
    if task.kind in TEXT_TASKS:
        corpus = open_corpus(out)
        if corpus.manifest.validation.characters:
            return measure_text(pipeline, corpus, held_out=True)
    else:
        kind, measure = MEASURES[task.kind]
        if examples := open_examples(out, kind).validation:
            return measure(pipeline, task, examples, options)
    raise UserError(f"the run {out} held nothing out: give data with --data")


def evaluate_data(pipeline: Pipeline, data: DataConfig, scratch: Path, options: WritingOptions = DEFAULT) -> Report:
    """Measures a model on the whole of some data.

    Args:
        pipeline: whose model.
        data: a text, or a file of examples; nothing of it is held out.
        scratch: an empty folder for the tokens of a text.
        options: how texts are written that are compared with references.

    Raises:
        UserError: the data cannot be read, is too little, or the task makes its own; a field is chosen that the task
            does not look at.
    """
    task = pipeline.config.task
    if task.kind == "algorithmic":
        raise UserError("this model computes on sequences that are made up: evaluate it without --data")
    require_choices(pipeline.config.model_copy(update={"data": data}))
    if task.kind in TEXT_TASKS:
        corpus = prepare(data.model_copy(update={"validation": 0.0}), pipeline.tokenizer, scratch)
        return measure_text(pipeline, corpus, held_out=False)
    kind, measure = MEASURES[task.kind]
    skipped: Counter[str] = Counter()
    report = measure(pipeline, task, read_examples(kind, data.path, data, skipped), options)
    left_out = {f"skipped ({reason})": count for reason, count in skipped.items()}
    return Report({**report.figures, **left_out}, report.signatures, report.parts)
