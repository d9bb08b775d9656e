"""Log-mel frames are those of a reference, and behave as loudness in bands does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data.audio.log_mel import FLOOR, LogMel, mel_filters
from cutaway.errors import UserError
from support import require_module

TOLERANCE = 1e-5
SHAPES = {
    "speech": (16_000, 25.0, 10.0, 40),
    "short frames": (8_000, 16.0, 7.0, 13),
    "no power of two": (11_026, 33.3, 12.9, 23),
}


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, samples)


def tone(rate: int, hertz: float, samples: int) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(samples) / rate)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_filters_are_those_of_the_reference(shape: tuple[int, float, float, int]) -> None:
    reference = require_module("transformers.audio_utils")
    rate, *_, bins = shape
    length = LogMel(*shape).length
    theirs = reference.mel_filter_bank(length // 2 + 1, bins, 0.0, rate / 2, rate, norm=None, mel_scale="htk")
    ours = mel_filters(rate, length, bins)
    assert ours.shape == (length // 2 + 1, bins)
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_frames_are_those_of_the_reference(shape: tuple[int, float, float, int]) -> None:
    reference = require_module("transformers.audio_utils")
    mel = LogMel(*shape)
    samples = noise(mel.frame + 6 * mel.hop)
    theirs = reference.spectrogram(
        samples,
        reference.window_function(mel.frame, "hann"),
        mel.frame,
        mel.hop,
        fft_length=mel.length,
        power=2.0,
        center=False,
        mel_filters=mel.filters,
        mel_floor=FLOOR,
        log_mel="log",
    )
    assert mel(samples).shape == (7, mel.filters.shape[1])
    np.testing.assert_allclose(mel(samples), theirs.T, rtol=TOLERANCE)


@pytest.mark.parametrize("hertz", [150.0, 440.0, 1000.0, 2500.0, 6000.0])
def test_a_tone_lights_the_filter_that_covers_it(hertz: float) -> None:
    rate, bins = 16_000, 30
    mel = LogMel(rate, 40.0, 11.0, bins)
    middles = np.fft.rfftfreq(mel.length, 1 / rate)[mel.filters.argmax(axis=0)]
    brightest = mel(tone(rate, hertz, rate // 4))[:-1].argmax(axis=1)
    assert set(brightest) == {np.abs(middles - hertz).argmin()}


@given(gain=st.floats(0.1, 10), seed=st.integers(0, 99))
def test_a_louder_sound_shifts_all_by_a_constant(gain: float, seed: int) -> None:
    mel = LogMel(*SHAPES["short frames"])
    quiet = 0.1 * noise(700, seed)
    np.testing.assert_allclose(mel(gain * quiet), mel(quiet) + 2 * np.log(gain), rtol=1e-4, atol=1e-4)


def test_silence_has_the_floor() -> None:
    mel = LogMel(*SHAPES["speech"])
    np.testing.assert_allclose(mel(np.zeros(1000)), np.log(FLOOR), rtol=1e-6)


@given(samples=st.integers(0, 900))
def test_every_sample_lies_in_a_frame_and_none_is_frame_alone(samples: int) -> None:
    mel = LogMel(*SHAPES["short frames"])
    count = mel.count(samples)
    assert mel(noise(samples)).shape == (count, 13)
    assert (count - 1) * mel.hop + mel.frame >= samples
    assert count == 1 or (count - 2) * mel.hop + mel.frame < samples


def test_a_short_recording_is_filled_up_with_silence() -> None:
    mel = LogMel(*SHAPES["speech"])
    samples = noise(170)
    assert mel(samples).shape == (1, 40)
    np.testing.assert_array_equal(mel(samples), mel(np.pad(samples, (0, mel.frame - 170))))


def test_a_later_sound_gives_later_frames() -> None:
    mel = LogMel(*SHAPES["no power of two"])
    samples = noise(3000)
    later = np.concatenate([np.zeros(4 * mel.hop), samples])
    np.testing.assert_allclose(mel(later)[4:], mel(samples), rtol=TOLERANCE)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (
            (8_000, 20.0, 0.05, 8),
            "frames of 20 ms have 160 samples and start every 0: choose a task.hop of at least 0.125 ms",
        ),
        ((8_000, 20.0, 25.0, 8), "have 160 samples and start every 200"),
        ((8_000, 0.125, 0.125, 1), "have 1 samples"),
        ((8_000, 10.0, 5.0, 64), "frames of 10 ms are too short for 64 bins, 3 would stay empty"),
    ],
    ids=["no hop", "gaps", "no frame", "too many bins"],
)
def test_frames_that_make_no_sense_are_told(shape: tuple[int, float, float, int], said: str) -> None:
    with pytest.raises(UserError) as caught:
        LogMel(*shape)
    assert said in str(caught.value)
