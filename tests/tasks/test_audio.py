"""Recordings as frames: cut and counted, with mean 0 and std 1, padded under a mask."""

from collections import Counter

import numpy as np
import pytest

from cutaway.config.embedding import FrameEmbeddingConfig
from cutaway.data.audio.log_mel import LogMel
from cutaway.tasks.audio_classification.config import AudioClassificationConfig
from cutaway.tasks.audio_classification.task import frame_rows, frame_statistics, log_mel_frames, log_mel_of, pad_frames
from data.audio_files import RATE, tone

BINS = 11
TASK = AudioClassificationConfig(sample_rate=RATE, frame=20, hop=8)
LENGTHS = (100, 700, 500)


def mel() -> LogMel:
    return log_mel_of(TASK, FrameEmbeddingConfig(bins=BINS))


def sounds() -> list[np.ndarray]:
    return [tone(300 * (i + 1), length) for i, length in enumerate(LENGTHS)]


def test_a_listener_has_the_sizes_that_were_chosen() -> None:
    assert (mel().frame, mel().hop, mel().filters.shape[1]) == (160, 64, BINS)


def test_long_recordings_are_cut_and_counted() -> None:
    counted: Counter[str] = Counter()
    whole = log_mel_frames(mel(), sounds(), 99, counted)
    assert [len(frames) for frames in whole] == [1, 10, 7]
    assert counted == {}
    found = log_mel_frames(mel(), sounds(), 6, counted)
    assert counted == {"cut to 6 frames": 2}
    for one, other in zip(found, whole, strict=True):
        np.testing.assert_array_equal(one, other[:6])


def test_no_recording_is_cut_that_just_fits() -> None:
    counted: Counter[str] = Counter()
    (frames,) = log_mel_frames(mel(), [tone(300, mel().samples(5))], 5, counted)
    assert len(frames) == 5
    assert counted == {}


def test_rows_have_mean_0_and_deviation_1_over_all_of_them() -> None:
    frames = log_mel_frames(mel(), sounds(), 99, Counter())
    mean, std = frame_statistics(frames)
    rows = frame_rows(frames, TASK.model_copy(update={"mean": mean, "std": std}))
    numbers = np.concatenate([row.ravel() for row in rows])
    assert abs(numbers.mean()) < 1e-5
    assert abs(numbers.std() - 1) < 1e-5
    assert [row.dtype for row in rows] == [np.float32] * 3
    assert rows[1].shape == (10, BINS)


def test_silence_deviates_from_nothing() -> None:
    mean, std = frame_statistics([np.full((4, BINS), -2.0, np.float32)])
    assert (mean, std) == (-2, 1)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0)], ids=str)
def test_frames_come_back_from_under_the_mask(order: tuple[int, ...]) -> None:
    rows = [log_mel_frames(mel(), sounds(), 99, Counter())[i] for i in order]
    arrays = pad_frames(rows)
    assert arrays["inputs"].shape == (3, 10, BINS)
    assert arrays["inputs"].dtype == np.float32
    for row, padded, mask in zip(rows, arrays["inputs"], arrays["attention_mask"], strict=True):
        np.testing.assert_array_equal(padded[mask], row)
        assert not padded[~mask].any()


def test_frames_of_one_length_need_no_mask() -> None:
    rows = [np.ones((4, BINS), np.float32), np.zeros((4, BINS), np.float32)]
    assert list(pad_frames(rows)) == ["inputs"]
