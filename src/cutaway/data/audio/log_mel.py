"""Samples -> log-mel frames: how loud a sound is at each moment, in bands as wide as the ear's."""

from functools import cached_property

import numpy as np
from jaxtyping import Float, Float32, Float64

from cutaway.errors import UserError

FLOOR = 1e-10
"""Smallest energy, so that silence has a logarithm: far below the rounding noise of samples of 16 bits."""


class LogMel:
    """ln max(FLOOR, |rfft(window · frame)|² · filters), the customary input of models that listen.

    The window is Hann's, one period of it; the filters are those of `mel_filters`. A frame is filled up with zeros to a
    power of two samples before it is transformed.

    Args:
        rate: samples a second.
        frame: length of a frame in milliseconds.
        hop: milliseconds from the start of a frame to that of the next.
        bins: how many filters.

    Raises:
        UserError: frames leave gaps between them, are shorter than two samples, or too short for so many bins.
    """

    def __init__(self, rate: int, frame: float, hop: float, bins: int) -> None:
        self.frame = round(rate * frame / 1000)
        self.hop = round(rate * hop / 1000)
        if not 1 <= self.hop <= self.frame or self.frame < 2:
            raise UserError(
                f"at {rate:,} samples a second, frames of {frame:g} ms have {self.frame} samples and begin every "
                f"{self.hop}: choose task.hop from {1000 / rate:g} ms up, and task.frame no shorter"
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
        """½ − ½ cos(2πn/N), as long as a frame: the end of a period is the start of the next, and left out."""
        return np.hanning(self.frame + 1)[:-1]

    def count(self, samples: int) -> int:
        """How many frames so many samples make: as many as it takes to hold all of them, and one at least."""
        return 1 + max(0, -(-(samples - self.frame) // self.hop))

    def samples(self, count: int) -> int:
        """How many samples so many frames hold."""
        return (count - 1) * self.hop + self.frame

    def __call__(self, samples: Float[np.ndarray, " N"]) -> Float32[np.ndarray, "T bins"]:
        """Computes the frames. The last one is filled up with silence, so that no sample is lost."""
        total = self.samples(self.count(len(samples)))
        padded = np.pad(samples, (0, total - len(samples)))
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.frame)[:: self.hop]
        spectrum = np.fft.rfft(frames * self.window, self.length)  # (T, length/2 + 1)
        energies = (spectrum.real**2 + spectrum.imag**2) @ self.filters
        return np.log(np.maximum(energies, FLOOR)).astype(np.float32)


def mel_filters(rate: int, length: int, bins: int) -> Float64[np.ndarray, "F bins"]:
    """Triangles over the frequencies of a transform of `length` samples, from 0 to half the rate.

    Each rises from the middle of the one before to its own, where it is 1, and falls to that of the next; in hertz, its
    sides are straight. The middles are even steps apart on HTK's mel scale, m = 2595 log₁₀(1 + f/700) (Young et al.,
    The HTK Book, section 5.4, after O'Shaughnessy 1987).
    """
    middles = np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), bins + 2)
    edges = 700 * (10 ** (middles / 2595) - 1)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    frequencies = np.fft.rfftfreq(length, 1 / rate)[:, None]
    return np.minimum((frequencies - low) / (middle - low), (high - frequencies) / (high - middle)).clip(min=0)
