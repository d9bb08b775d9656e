"""Short sounds, and files that hold them."""

import wave
from pathlib import Path

import numpy as np

RATE = 8_000


def tone(hertz: float, samples: int) -> np.ndarray:
    """A steady tone."""
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(samples) / RATE)


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Writes one channel of 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).round().astype("<i2").tobytes())
    return path
