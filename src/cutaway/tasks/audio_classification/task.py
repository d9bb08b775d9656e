"""Audio classification: one label, several, or a number per recording, from log-mel frames."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from cutaway.config.data import DataConfig
from cutaway.config.embedding import FrameEmbeddingConfig
from cutaway.config.run import RunConfig
from cutaway.data.audio.log_mel import LogMel
from cutaway.data.audio.recordings import read_recordings, samples_at, samples_of
from cutaway.data.examples import LabelledAudio
from cutaway.data.input_formats import InputFormat
from cutaway.data.padding import length_mask
from cutaway.errors import UserError
from cutaway.tasks.audio_classification.config import AudioClassificationConfig
from cutaway.tasks.classification import ClassificationTask
from cutaway.tasks.dataset import with_task
from cutaway.tasks.task import Tokenizers

Samples = Float[np.ndarray, " _"]
Frames = Float32[np.ndarray, "_ bins"]
"""As long as their recording, like the samples."""


def log_mel_of(task: AudioClassificationConfig, embedding: FrameEmbeddingConfig) -> LogMel:
    """The transform of samples into log-mel frames.

    Raises:
        UserError: the frames are too short or too long.
    """
    return LogMel(task.sample_rate, task.frame, task.hop, embedding.bins)


def log_mel_frames(mel: LogMel, recordings: Sequence[Samples], limit: int, counted: Counter[str]) -> list[Frames]:
    """The frames of each recording; a recording with more than `limit` of them is truncated and counted."""
    most = mel.samples(limit)
    if longer := sum(len(recording) > most for recording in recordings):
        counted[f"cut to {limit} frames"] += longer
    return [mel(recording[:most]) for recording in recordings]


def frame_statistics(recordings: Sequence[Frames]) -> tuple[float, float]:
    """Mean and standard deviation of all values; that of constant values is taken to be 1."""
    count = sum(frames.size for frames in recordings)
    mean = sum(float(frames.sum(dtype=np.float64)) for frames in recordings) / count
    variance = sum(float(((frames - mean) ** 2).sum(dtype=np.float64)) for frames in recordings) / count
    return mean, variance**0.5 or 1.0


def frame_rows(recordings: Sequence[Frames], task: AudioClassificationConfig) -> list[Frames]:
    """Normalises frames by the statistics of the task.

    Raises:
        UserError: they are not known.
    """
    mean, std = task.statistics
    return [((frames - mean) / std).astype(np.float32) for frames in recordings]


def pad_frames(recordings: Sequence[Frames]) -> dict[str, np.ndarray]:
    """Frames (B, T, bins), padded with zeros at the end, and a mask unless all have the same length."""
    lengths = np.array([len(frames) for frames in recordings], np.int64)
    mask = length_mask(lengths)
    padded = np.zeros((*mask.shape, recordings[0].shape[1]), np.float32)
    padded[mask] = np.concatenate(recordings)
    return {"inputs": padded} if mask.all() else {"inputs": padded, "attention_mask": mask}


def require_short(samples: Sequence[int], limit: int, rate: int) -> None:
    """Rejects recordings that are longer than the model's context: nothing is truncated silently.

    Raises:
        UserError: names the first such recording and its duration.
    """
    for number, count in enumerate(samples, 1):
        if count > limit:
            which = f"recording {number}" if len(samples) > 1 else "the recording"
            raise UserError(
                f"{which} lasts {count / rate:.2f} seconds, but the model takes at most {limit / rate:.2f}: shorten it"
            )


class AudioClassificationTask(ClassificationTask[AudioClassificationConfig, LabelledAudio]):
    """Classifies recordings."""

    example = LabelledAudio
    inputs = InputFormat(len, pad_frames)

    def read(self, path: Path, data: DataConfig, skipped: Counter[str]) -> Iterator[LabelledAudio]:
        """Reads recordings, from a folder per label or from a table that names them."""
        return read_recordings(path, data, skipped, are_numbers=self.are_numbers)

    def fit(self, examples: Sequence[LabelledAudio]) -> RunConfig:
        """Takes labels and the statistics of the frames from the examples, unless they are chosen."""
        task = self.task_config
        samples = [self.input_of(example) for example in examples]
        mean, std = frame_statistics(log_mel_frames(self.log_mel, samples, self.config.model.context, Counter()))
        return with_task(
            super().fit(examples),
            mean=mean if task.mean is None else task.mean,
            std=std if task.std is None else task.std,
        )

    def input_of(self, example: LabelledAudio) -> Samples:
        """The samples."""
        return samples_at(example, self.task_config.sample_rate)

    def labels_of(self, example: LabelledAudio) -> tuple[str, ...]:
        """Its labels."""
        return example.labels

    def encode(self, tokenizers: Tokenizers, given: Sequence[Any], truncated: Counter[str] | None) -> list[Frames]:
        """Recordings, as paths or as arrays of samples."""
        rate, limit = self.task_config.sample_rate, self.config.model.context
        samples = [samples_of(recording, rate) for recording in given]
        if truncated is None:
            require_short([len(one) for one in samples], self.log_mel.samples(limit), rate)
        frames = log_mel_frames(self.log_mel, samples, limit, Counter() if truncated is None else truncated)
        return frame_rows(frames, self.task_config)

    @property
    def log_mel(self) -> LogMel:
        """The transform of samples into frames."""
        return log_mel_of(self.task_config, self.config.model.input_embedding(FrameEmbeddingConfig))

    def placeholder_input(self) -> Frames:
        """Silence."""
        bins = self.config.model.input_embedding(FrameEmbeddingConfig).bins
        return np.zeros((self.config.model.context, bins), np.float32)
