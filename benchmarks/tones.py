"""Generated sounds in noise: a folder of WAV files per class; the seed gives a training and a test part.

    python benchmarks/tones.py --out DIR
    cutaway train audio-nano --data DIR/train --out runs/tones
    cutaway evaluate runs/tones --data DIR/test

The classes are a steady tone, a rising chirp, a falling chirp, a chord of two tones, and a warble (a tone of varying
pitch). Pitch, loudness, length and noise have the same random distribution in every class.
"""

import argparse
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

RATE = 16_000
SECONDS = (0.5, 1.0)
HERTZ = (250.0, 2500.0)
LOUDNESS = (-30.0, -6.0)
"""Decibels of a sound's largest sample, below the largest that there is."""
ABOVE_NOISE = (0.0, 20.0)
"""Decibels of the sound above the noise."""

Random = np.random.Generator


def tone(rng: Random, time: np.ndarray) -> np.ndarray:
    return np.zeros_like(time)


def rising(rng: Random, time: np.ndarray) -> np.ndarray:
    return rng.uniform(0.5, 1.5) * (time / time[-1] - 0.5)


def falling(rng: Random, time: np.ndarray) -> np.ndarray:
    return -rising(rng, time)


def warble(rng: Random, time: np.ndarray) -> np.ndarray:
    phase = rng.uniform(0, 2 * np.pi)
    return rng.uniform(0.1, 0.4) * np.sin(2 * np.pi * rng.uniform(3, 8) * time + phase)


MELODIES: dict[str, tuple[Callable[[Random, np.ndarray], np.ndarray], int]] = {
    "tone": (tone, 1),
    "rising": (rising, 1),
    "falling": (falling, 1),
    "chord": (tone, 2),
    "warble": (warble, 1),
}
"""By kind: how many octaves the pitch lies above its middle at each moment, and how many voices there are."""


def make(kind: str, rng: Random) -> np.ndarray:
    """One sound of this kind, as samples from −1 to 1."""
    melody, voices = MELODIES[kind]
    time = np.arange(int(RATE * rng.uniform(*SECONDS))) / RATE
    middle = np.log2(HERTZ[0]) + rng.uniform() * np.log2(HERTZ[1] / HERTZ[0])
    intervals = np.array([0, rng.uniform(0.25, 1)])[:voices, None]
    pitches = 2 ** (middle + intervals + melody(rng, time))  # (voices, samples)
    phases = 2 * np.pi * (np.cumsum(pitches, axis=1) / RATE + rng.uniform(size=(voices, 1)))
    sound = np.sin(phases).sum(axis=0) / np.sqrt(voices)
    noise = rng.standard_normal(len(time)) / np.sqrt(2) / 10 ** (rng.uniform(*ABOVE_NOISE) / 20)
    both = sound + noise
    return both / np.abs(both).max() * 10 ** (rng.uniform(*LOUDNESS) / 20)


def write(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).round().astype("<i2").tobytes())


def write_part(folder: Path, count: int, rng: Random) -> None:
    """Writes so many sounds of each kind."""
    for kind in MELODIES:
        (folder / kind).mkdir(parents=True)
        for number in range(count):
            write(folder / kind / f"{number:04}.wav", make(kind, rng))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that is not there yet")
    parser.add_argument("--train", type=int, default=600, help="sounds of each kind to train on (default: 600)")
    parser.add_argument("--test", type=int, default=200, help="sounds of each kind to test with (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="of all sounds (default: 0)")
    arguments = parser.parse_args()

    for part, (name, count) in enumerate({"train": arguments.train, "test": arguments.test}.items()):
        write_part(arguments.out / name, count, np.random.default_rng((arguments.seed, part)))
    print(f"cutaway train audio-nano --data {arguments.out}/train --out runs/tones")
    print(f"cutaway evaluate runs/tones --data {arguments.out}/test")


if __name__ == "__main__":
    main()
