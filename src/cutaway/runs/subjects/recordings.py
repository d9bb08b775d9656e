"""Audio classification: choose a label for a recording."""

from collections import Counter
from collections.abc import Sequence

from cutaway.config.run import RunConfig
from cutaway.config.task import AudioClassificationConfig
from cutaway.data.examples import Recording
from cutaway.data.recordings import samples_at
from cutaway.data.rows.labels import LabelledRow, labelled_rows
from cutaway.data.rows.recordings import Frames, frame_rows, frame_statistics, hear, listener
from cutaway.runs.examples import ExampleCourse, Subject
from cutaway.runs.subjects import labels


def fit(config: RunConfig, examples: Sequence[Recording]) -> RunConfig:
    """Takes labels and what the frames' numbers are like from the examples, unless they are given."""
    config = labels.fit(config, examples)
    task = _audio(config)
    mean, deviation = frame_statistics(_heard(config, examples, Counter()))
    told = {
        "mean": mean if task.mean is None else task.mean,
        "deviation": deviation if task.deviation is None else task.deviation,
    }
    return config.model_copy(update={"task": task.model_copy(update=told)})


def rows(course: ExampleCourse, examples: Sequence[Recording], counted: Counter[str]) -> list[LabelledRow]:
    """Recordings as frames, labels as numbers. Recordings that are longer than the model takes are cut, and counted."""
    task = _audio(course.config)
    shown = frame_rows(_heard(course.config, examples, counted), task)
    return labelled_rows(shown, len, [example.labels for example in examples], task)


def _heard(config: RunConfig, examples: Sequence[Recording], counted: Counter[str]) -> list[Frames]:
    task, embedding = _audio(config), config.model.embedding
    assert embedding.kind == "frames"
    samples = [samples_at(example, task.rate) for example in examples]
    return hear(listener(task, embedding), samples, config.model.context, counted)


def _audio(config: RunConfig) -> AudioClassificationConfig:
    assert isinstance(config.task, AudioClassificationConfig)
    return config.task


SUBJECT = Subject(Recording, (), None, fit, rows, labels.task)
