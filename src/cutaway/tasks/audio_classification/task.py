"""Recordings as a model reads them: log-mel frames, with mean 0 and std 1 over the data."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from cutaway.config.embedding import FrameEmbeddingConfig
from cutaway.data.audio.log_mel import LogMel
from cutaway.data.padding import length_mask
from cutaway.tasks.audio_classification.config import AudioClassificationConfig

Samples = Float[np.ndarray, " _"]
Frames = Float32[np.ndarray, "_ bins"]
"""Both as long as their recording."""


def listener(task: AudioClassificationConfig, embedding: FrameEmbeddingConfig) -> LogMel:
    """What turns samples into frames.

    Raises:
        UserError: the frames make no sense.
    """
    return LogMel(task.sample_rate, task.frame, task.hop, embedding.bins)


def hear(mel: LogMel, recordings: Sequence[Samples], limit: int, counted: Counter[str]) -> list[Frames]:
    """The frames of each recording; those that make more than `limit` of them are cut at the end, and counted."""
    most = mel.samples(limit)
    if longer := sum(len(recording) > most for recording in recordings):
        counted[f"cut to {limit} frames"] += longer
    return [mel(recording[:most]) for recording in recordings]


def frame_statistics(recordings: Sequence[Frames]) -> tuple[float, float]:
    """Mean and std of all numbers in the frames; the std of numbers that are all alike is taken to be 1."""
    count = sum(frames.size for frames in recordings)
    mean = sum(float(frames.sum(dtype=np.float64)) for frames in recordings) / count
    variance = sum(float(((frames - mean) ** 2).sum(dtype=np.float64)) for frames in recordings) / count
    return mean, variance**0.5 or 1.0


def frame_rows(recordings: Sequence[Frames], task: AudioClassificationConfig) -> list[Frames]:
    """The frames, shifted and scaled by what the task says of the data.

    Raises:
        UserError: it does not say it.
    """
    mean, std = task.statistics
    return [((frames - mean) / std).astype(np.float32) for frames in recordings]


def pad_frames(recordings: Sequence[Frames]) -> dict[str, np.ndarray]:
    """Frames, (B, T, bins), filled up at their ends with zeros and, unless all are of one length, what is real."""
    lengths = np.array([len(frames) for frames in recordings], np.int64)
    mask = length_mask(lengths)
    padded = np.zeros((*mask.shape, recordings[0].shape[1]), np.float32)
    padded[mask] = np.concatenate(recordings)
    return {"inputs": padded} if mask.all() else {"inputs": padded, "attention_mask": mask}
