"""Uncompressed WAV files: integers (PCM) and floating-point numbers."""

import shlex
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from cutaway.data.readers import opened
from cutaway.errors import UserError

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
"""Format tags; the last one says that the tag is in the extension of the header."""
WIDTHS = {PCM: (1, 2, 3, 4), FLOAT: (4, 8)}
"""Bytes of the samples that are read."""
WIDEST = 4
"""Bytes of the widest integers."""
UNKNOWN_SIZE = 0x7FFFF000
"""What a program writes for the size of a stream: 0, this or more."""
LONGEST = 1 << 26
"""Samples of a recording: 70 minutes at 16 kHz."""
BLOCK = 1 << 20


@dataclass(frozen=True)
class _Layout:
    """What the header says.

    Attributes:
        kind: the tag of the format.
        channels: their number.
        rate: samples per second.
        width: bytes of a sample.
        start: of the data, in bytes.
        size: of the data in bytes, as declared; `None` if it reaches to the end of the file.
    """

    kind: int
    channels: int
    rate: int
    width: int
    start: int
    size: int | None


def read_wav(path: Path, rate: int | None = None) -> tuple[Float32[np.ndarray, " N"], int]:
    """The samples of a file and its sample rate. Several channels are averaged.

    Samples may be integers of 8 bits (unsigned, as in WAV), 16, 24 or 32, which become fractions of the largest in
    [−1, 1], or floating-point numbers of 32 or 64 bits, which stay as they are. The data of a stream, whose header has
    no size, reaches to the end of the file. Nothing is resampled.

    Args:
        path: the file; it may be compressed (`.gz`).
        rate: the required sample rate; any if not given.

    Raises:
        UserError: the file cannot be read, is damaged or incomplete, has no samples or too many, has samples of another
            format, or another sample rate; says how to convert it.
    """
    with opened(path) as file:
        content = file.read()
    convert = conversion(path, rate)
    try:
        layout = _read_header(content)
    except (ValueError, struct.error) as error:
        reason = "it ends too early" if isinstance(error, struct.error) else str(error)
        raise UserError(f"{path} is not a WAV file of uncompressed samples ({reason}): {convert}") from error
    if layout.width not in WIDTHS[layout.kind]:
        what, bits = ("32 or 64", "floating-point ") if layout.kind == FLOAT else ("8, 16, 24 or 32", "")
        raise UserError(f"{path} has {bits}samples of {8 * layout.width} bits, and {what} are read: {convert}")
    if rate is not None:
        require_rate(path, layout.rate, rate)
    frame = layout.width * layout.channels
    there = (len(content) - layout.start) // frame
    wanted = there if layout.size is None else layout.size // frame
    if there < wanted:
        raise UserError(f"{path} is cut short, {there:,} of {wanted:,} samples are there: copy it anew, or {convert}")
    require_length(path, wanted)
    return _decode(content, layout, wanted, path), layout.rate


def require_rate(path: Path, found: int, asked: int) -> None:
    """Rejects a file with another sample rate.

    Raises:
        UserError: it has one; says how to convert it.
    """
    if found != asked:
        raise UserError(
            f"{path} has {found:,} samples a second, and {asked:,} are asked for: {conversion(path, asked)}"
        )


def require_length(path: Path, samples: int) -> None:
    """Rejects a recording without samples, and one that is too long to be a single example.

    Raises:
        UserError: it has none, or more than `LONGEST`.
    """
    if not samples:
        raise UserError(f"{path} holds no samples: take it out")
    if samples > LONGEST:
        raise UserError(f"{path} has {samples:,} samples, and a recording has at most {LONGEST:,}: cut it into parts")


def require_finite(path: Path, samples: Float32[np.ndarray, " N"]) -> None:
    """Rejects floating-point samples that are not finite.

    Raises:
        UserError: one is not.
    """
    if not np.isfinite(samples).all():
        first = int(np.isfinite(samples).argmin())
        raise UserError(f"{path} is damaged: sample {first + 1:,} is {samples[first]}, not a finite number")


def conversion(path: Path, rate: int | None) -> str:
    """How to convert a file."""
    resample = "" if rate is None else f" -ar {rate}"
    return f"convert it, such as by ffmpeg -i {shlex.quote(str(path))}{resample} -c:a pcm_s16le NEW.wav"


def _read_header(content: bytes) -> _Layout:
    """What the chunks before the data say.

    Raises:
        ValueError: it is another kind of file, or the samples have another format.
        struct.error: it ends too early.
    """
    if content[:4] not in (b"RIFF", b"RF64") or content[8:12] != b"WAVE":
        raise ValueError("it ends too early" if len(content) < 12 else "it does not begin with RIFF and WAVE")
    described: tuple[int, int, int, int] | None = None
    long_size: int | None = None
    for name, start, size in _chunks(content):
        if name == b"ds64":  # of RF64, for files above 4 GB (EBU Tech 3306)
            (long_size,) = struct.unpack_from("<Q", content, start + 8)
        elif name == b"fmt ":
            described = _read_format(content, start, size)
        elif name == b"data":
            if described is None:
                raise ValueError("the data comes before the format")
            return _Layout(*described, start, _size(content, start, size, long_size))
    raise ValueError("it has no data" if described else "it has no format")


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The names of the chunks, the start of their contents, and their sizes."""
    position = 12
    while position + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, position)
        yield name, position + 8, size
        position += 8 + size + size % 2


def _read_format(content: bytes, start: int, size: int) -> tuple[int, int, int, int]:
    """The tag, the number of channels, the sample rate and the bytes of a sample."""
    kind, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", content, start)
    if kind == EXTENSIBLE and size >= 40:
        (kind,) = struct.unpack_from("<H", content, start + 24)
    if kind not in WIDTHS:
        raise ValueError(f"unknown format: {kind}")
    if not channels or not rate:
        raise ValueError(f"{channels} channels at {rate} samples per second")
    if not bits or frame != channels * -(-bits // 8):
        raise ValueError(f"{channels} channels of {bits} bits in {frame} bytes")
    return kind, channels, rate, -(-bits // 8)


def _size(content: bytes, start: int, size: int, long_size: int | None) -> int | None:
    """The size of the data; `None` if it is unknown."""
    if long_size is not None and size == 0xFFFFFFFF:
        return long_size
    is_beyond = size >= UNKNOWN_SIZE and start + size > len(content)
    is_unset = size == 0 and start < len(content) and not _are_chunks(content, start)
    return None if is_beyond or is_unset else size


def _are_chunks(content: bytes, position: int) -> bool:
    """Whether the rest of a file consists of further chunks, and the data is really empty."""
    while position + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, position)
        if not (name.isascii() and name.decode("ascii").isprintable()):
            return False
        position += 8 + size + size % 2
    return position in (len(content), len(content) + 1)


def _decode(content: bytes, layout: _Layout, count: int, path: Path) -> Float32[np.ndarray, " N"]:
    """The samples, in blocks, because intermediate results are larger than the file."""
    samples = np.empty(count, np.float32)
    frame = layout.width * layout.channels
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK, count)
        block = np.frombuffer(content, np.uint8, (last - first) * frame, layout.start + first * frame)
        numbers = block.view(f"<f{layout.width}") if layout.kind == FLOAT else _fractions(block, layout.width)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is told below
            samples[first:last] = numbers.reshape(-1, layout.channels).mean(axis=1, dtype=np.float32)
    require_finite(path, samples)
    return samples


def _fractions(data: np.ndarray, width: int) -> Float32[np.ndarray, " N"]:
    """Little-endian integers of this many bytes as fractions of the largest, through the upper bytes of 32 bits."""
    numbers = data.reshape(-1, width)
    widened = np.zeros((len(numbers), WIDEST), np.uint8)
    widened[:, WIDEST - width :] = numbers ^ 0x80 if width == 1 else numbers  # unsigned bytes to signed ones
    return (widened.view("<i4")[:, 0] / 2.0**31).astype(np.float32)
