"""Uncompressed (PCM) WAV files, through the standard library."""

import io
import shlex
import wave
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from cutaway.data.readers import opened
from cutaway.errors import UserError

WIDEST = 4
"""Bytes of the widest samples."""


def read_wav(path: Path, rate: int | None = None) -> tuple[Float32[np.ndarray, " N"], int]:
    """The samples of a file, in [−1, 1], and its sample rate. Several channels are averaged.

    Samples may be integers of 8 bits (unsigned, as in WAV), 16, 24 or 32. Nothing is resampled.

    Args:
        path: the file; it may be compressed (`.gz`).
        rate: the required sample rate; any if not given.

    Raises:
        UserError: the file cannot be read, is damaged or incomplete, has no samples or is not PCM, or has another
            sample rate; says how to convert it.
    """
    with opened(path) as file:
        content = file.read()
    convert = _conversion(path, rate)
    try:
        with wave.open(io.BytesIO(content)) as sound:
            header = sound.getparams()
            data = sound.readframes(header.nframes)
    except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: a chunk would end beyond the file
        reason = str(error) or "it ends too early"
        raise UserError(f"{path} is not a WAV file of PCM samples ({reason}): {convert}") from error
    width, wanted = header.sampwidth, header.nframes
    if width > WIDEST:
        raise UserError(f"{path} has samples of {8 * width} bits, and 8, 16, 24 or 32 are read: {convert}")
    if rate is not None:
        require_rate(path, header.framerate, rate)
    if (there := len(data) // (width * header.nchannels)) < wanted:
        raise UserError(f"{path} is cut short, {there:,} of {wanted:,} samples are there: copy it anew, or {convert}")
    if not wanted:
        raise UserError(f"{path} holds no samples: take it out")
    return _decode(data, width).reshape(wanted, -1).mean(axis=1, dtype=np.float32), header.framerate


def require_rate(path: Path, found: int, asked: int) -> None:
    """Rejects a file with another sample rate.

    Raises:
        UserError: it has one; says how to convert it.
    """
    if found != asked:
        raise UserError(
            f"{path} has {found:,} samples a second, and {asked:,} are asked for: {_conversion(path, asked)}"
        )


def _decode(data: bytes, width: int) -> Float32[np.ndarray, " N"]:
    """Little-endian integers of this many bytes as fractions of the largest, through the upper bytes of 32 bits."""
    numbers = np.frombuffer(data, np.uint8).reshape(-1, width)
    widened = np.zeros((len(numbers), WIDEST), np.uint8)
    widened[:, WIDEST - width :] = numbers ^ 0x80 if width == 1 else numbers  # unsigned bytes to signed ones
    return (widened.view("<i4")[:, 0] / 2.0**31).astype(np.float32)


def _conversion(path: Path, rate: int | None) -> str:
    """How to convert a file."""
    resample = "" if rate is None else f" -ar {rate}"
    return f"convert it, such as by ffmpeg -i {shlex.quote(str(path))}{resample} -c:a pcm_s16le NEW.wav"
