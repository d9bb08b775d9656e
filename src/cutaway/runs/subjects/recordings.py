"""Audio classification: choose a label for a recording."""

from collections import Counter
from collections.abc import Sequence

from cutaway.config.embedding import FrameEmbeddingConfig
from cutaway.config.model import ModelConfig
from cutaway.config.run import RunConfig
from cutaway.data.audio.recordings import samples_at
from cutaway.data.examples import LabelledAudio
from cutaway.runs.dataset import with_task
from cutaway.runs.examples import ExampleDataset, Subject
from cutaway.runs.subjects import labels
from cutaway.tasks.audio_classification.config import AudioClassificationConfig
from cutaway.tasks.audio_classification.task import Frames, frame_rows, frame_statistics, hear, listener
from cutaway.tasks.rows.labels import LabelledRow, labelled_rows


def fit(config: RunConfig, task: AudioClassificationConfig, examples: Sequence[LabelledAudio]) -> RunConfig:
    """Takes labels and what the frames' numbers are like from the examples, unless they are given."""
    config = labels.fit(config, task, examples)
    mean, std = frame_statistics(_heard(task, config.model, examples, Counter()))
    return with_task(
        config,
        mean=mean if task.mean is None else task.mean,
        std=std if task.std is None else task.std,
    )


def rows(
    dataset: ExampleDataset, task: AudioClassificationConfig, examples: Sequence[LabelledAudio]
) -> list[LabelledRow]:
    """Recordings as frames, labels as numbers. Recordings that are longer than the model takes are cut, and counted."""
    shown = frame_rows(_heard(task, dataset.config.model, examples, dataset.counted), task)
    return labelled_rows(shown, len, [example.labels for example in examples], task)


def _heard(
    task: AudioClassificationConfig, model: ModelConfig, examples: Sequence[LabelledAudio], counted: Counter[str]
) -> list[Frames]:
    samples = [samples_at(example, task.sample_rate) for example in examples]
    return hear(listener(task, model.input_embedding(FrameEmbeddingConfig)), samples, model.context, counted)


SUBJECT = Subject(LabelledAudio, (), None, fit, rows, labels.task)
