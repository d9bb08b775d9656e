"""Measuring a model on data that it was not trained on: what its run held out, or other data."""

from pathlib import Path

from cutaway.config.data import DataConfig
from cutaway.errors import UserError
from cutaway.metrics.report import Report
from cutaway.pipeline import Pipeline
from cutaway.runs.requirements import require_choices
from cutaway.tasks.task import EvaluationOptions, task_of

DEFAULT = EvaluationOptions()


def evaluate_run(pipeline: Pipeline, out: Path, options: EvaluationOptions = DEFAULT) -> Report:
    """Measures a run's model on what the run held out.

    Raises:
        UserError: the run held nothing out.
    """
    pipeline.model.eval()
    return task_of(pipeline.config).evaluate_held_out(pipeline, out, options)


def evaluate_data(pipeline: Pipeline, data: DataConfig, scratch: Path, options: EvaluationOptions = DEFAULT) -> Report:
    """Measures a model on the whole of some data.

    Args:
        pipeline: with the model.
        data: a text, or a file or folder of examples; nothing of it is held out.
        scratch: an empty folder for temporary files.
        options: how texts are generated that are compared with references.

    Raises:
        UserError: the data cannot be read or is too little, the task generates its own, or a field is chosen that the
            task does not read.
    """
    if pipeline.config.task.spec.generates_data:
        raise UserError("this model computes on generated sequences: evaluate it without --data")
    require_choices(pipeline.config.model_copy(update={"data": data}))
    pipeline.model.eval()
    return task_of(pipeline.config).evaluate_data(pipeline, data, scratch, options)
