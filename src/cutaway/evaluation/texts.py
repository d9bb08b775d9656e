"""Measuring how well a model predicts a text."""

from cutaway.data.text.corpus import Corpus, Part
from cutaway.data.text.shards import TokenStream
from cutaway.errors import UserError
from cutaway.metrics.report import Report
from cutaway.model.device import choose_precision, device_of
from cutaway.pipeline import Pipeline
from cutaway.runs.text import next_token, to_fill, whole
from cutaway.tasks.base import FiniteBatches, Task
from cutaway.tasks.language_modeling.config import LanguageModelingConfig
from cutaway.tasks.masked_language_modeling.config import MaskedLanguageModelingConfig
from cutaway.tasks.masked_language_modeling.task import MaskedLanguageModeling
from cutaway.training.evaluate import evaluate


def measure_text(pipeline: Pipeline, corpus: Corpus, *, held_out: bool) -> Report:
    """Loss, perplexity and accuracy over the part that was held out, or over the other one."""
    manifest = corpus.manifest
    tokens, part = (corpus.validation, manifest.validation) if held_out else (corpus.training, manifest.training)
    task, windows = _task(pipeline, tokens, part)
    precision = choose_precision(pipeline.config.train.precision, device_of(pipeline.model))
    return Report(evaluate(pipeline.model, task, windows, precision))


def _task(pipeline: Pipeline, tokens: TokenStream, part: Part) -> tuple[Task, FiniteBatches]:
    config = pipeline.config
    windows = whole(tokens, config.model.context)
    if isinstance(config.task, MaskedLanguageModelingConfig):
        return MaskedLanguageModeling(), to_fill(config.task, pipeline.tokenizer, windows, config.train.seed)
    if isinstance(config.task, LanguageModelingConfig):
        return next_token(config.task, pipeline.tokenizer, part), windows
    raise UserError(f"the task {config.task.kind} is not measured on text")
