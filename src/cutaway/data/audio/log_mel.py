"""Samples -> log-mel frames."""

from functools import cached_property

import numpy as np
from jaxtyping import Float, Float32, Float64

from cutaway.errors import UserError

FLOOR = 1e-10
"""The smallest energy, whose logarithm stands for silence: far below the rounding noise of 16-bit samples."""


class LogMel:
    """ln max(FLOOR, |rfft(window · frame)|² · filters).

    The window is one period of Hann's; the filters are those of `mel_filters`. Frames are padded with zeros to a power
    of two before the transform.

    Args:
        rate: samples per second.
        frame: length of a frame in milliseconds.
        hop: milliseconds between the starts of consecutive frames.
        bins: the number of filters.

    Raises:
        UserError: frames have gaps between them, are shorter than two samples, or too short for so many bins.
    """

    def __init__(self, rate: int, frame: float, hop: float, bins: int) -> None:
        self.frame = round(rate * frame / 1000)
        self.hop = round(rate * hop / 1000)
        if not 1 <= self.hop <= self.frame or self.frame < 2:
            raise UserError(
                f"at {rate:,} samples per second, frames of {frame:g} ms have {self.frame} samples and start every "
                f"{self.hop}: choose a task.hop of at least {1000 / rate:g} ms, and a task.frame that is not shorter"
            )
        self.length = 1 << (self.frame - 1).bit_length()
        self.filters = mel_filters(rate, self.length, bins)
        if unlit := int((self.filters.max(axis=0) == 0).sum()):
            raise UserError(
                f"frames of {frame:g} ms are too short for {bins} bins, {unlit} would stay empty: write a longer "
                f"task.frame or a smaller model.embedding.bins"
            )

    @cached_property
    def window(self) -> Float64[np.ndarray, " N"]:
        """½ − ½ cos(2πn/N), as long as a frame, without the end of the period."""
        return np.hanning(self.frame + 1)[:-1]

    def count(self, samples: int) -> int:
        """The number of frames that contain this many samples; at least one."""
        return 1 + max(0, -(-(samples - self.frame) // self.hop))

    def samples(self, count: int) -> int:
        """The number of samples that this many frames contain."""
        return (count - 1) * self.hop + self.frame

    def __call__(self, samples: Float[np.ndarray, " N"]) -> Float32[np.ndarray, "T bins"]:
        """Computes the frames; the last one is padded with zeros, so that no sample is lost."""
        total = self.samples(self.count(len(samples)))
        padded = np.pad(samples, (0, total - len(samples)))
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.frame)[:: self.hop]
        spectrum = np.fft.rfft(frames * self.window, self.length)  # (T, length/2 + 1)
        energies = (spectrum.real**2 + spectrum.imag**2) @ self.filters
        return np.log(np.maximum(energies, FLOOR)).astype(np.float32)


def mel_filters(rate: int, length: int, bins: int) -> Float64[np.ndarray, "F bins"]:
    """Triangular filters over the frequencies of a transform of `length` samples, from 0 to half the sample rate.

    Each rises linearly in hertz from the centre of the previous filter to its own centre, where it is 1, and falls to
    the centre of the next. The centres are equidistant on HTK's mel scale, m = 2595 log₁₀(1 + f/700) (Young et al., The
    HTK Book, section 5.4, after O'Shaughnessy 1987).
    """
    middles = np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), bins + 2)
    edges = 700 * (10 ** (middles / 2595) - 1)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    frequencies = np.fft.rfftfreq(length, 1 / rate)[:, None]
    return np.minimum((frequencies - low) / (middle - low), (high - frequencies) / (high - middle)).clip(min=0)
