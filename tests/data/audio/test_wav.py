"""Samples come back as they were written; whatever else a file holds is told in one line that names it."""

import re
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.data.audio.wav import read_wav
from cutaway.errors import UserError

RATE = 12_345
LARGEST = {1: 2**7, 2: 2**15, 3: 2**23, 4: 2**31}
WIDTHS = st.sampled_from(sorted(LARGEST))
CONVERT = "ffmpeg -i "


def write(path: Path, rows: list[list[int]], width: int = 2, rate: int = RATE) -> Path:
    """Writes whole numbers, a row a moment and a column a channel, that may be negative for every width."""
    numbers = np.array(rows, np.int64) + (128 if width == 1 else 0)
    data = b"".join(int(number).to_bytes(width, "little", signed=width > 1) for number in numbers.ravel())
    with wave.open(str(path), "wb") as file:
        file.setnchannels(numbers.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    return path


@st.composite
def sounds(draw: st.DrawFn) -> tuple[list[list[int]], int]:
    width, channels = draw(WIDTHS), draw(st.integers(1, 3))
    number = st.integers(-LARGEST[width], LARGEST[width] - 1)
    return draw(st.lists(st.lists(number, min_size=channels, max_size=channels), min_size=1, max_size=7)), width


@settings(max_examples=60)
@given(sound=sounds())
def test_samples_are_shares_of_the_largest_and_channels_are_averaged(
    tmp_path_factory: pytest.TempPathFactory, sound: tuple[list[list[int]], int]
) -> None:
    rows, width = sound
    samples, rate = read_wav(write(tmp_path_factory.mktemp("a") / "a.wav", rows, width))
    assert rate == RATE
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, np.array(rows).mean(axis=1) / LARGEST[width], rtol=1e-6, atol=1e-7)


def test_the_ends_of_the_range_are_reached(tmp_path: Path) -> None:
    for width, largest in LARGEST.items():
        samples, _ = read_wav(write(tmp_path / "a.wav", [[-largest], [0], [largest - 1]], width))
        assert samples[:2].tolist() == [-1, 0]
        assert 0.99 < samples[2] <= 1


def test_another_rate_is_never_resampled(tmp_path: Path) -> None:
    path = write(tmp_path / "my tone.wav", [[1]], rate=44_100)
    assert read_wav(path, 44_100)[1] == 44_100
    with pytest.raises(UserError) as caught:
        read_wav(path, 16_000)
    command = f"ffmpeg -i '{path}' -ar 16000 -c:a pcm_s16le NEW.wav"
    assert str(caught.value) == (
        f"{path} has 44,100 samples a second, and 16,000 are asked for: convert it, such as by {command}"
    )


def header(kind: int, bits: int) -> bytes:
    """A file that tells of samples of another kind."""
    described = struct.pack("<HHIIHH", kind, 1, RATE, RATE * bits // 8, bits // 8, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(described)) + described + b"data" + struct.pack("<I", 16) + bytes(16)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (header(3, 32), r"not a WAV file of PCM samples \(unknown format: 3\): .*" + CONVERT),
        (header(7, 8), r"not a WAV file of PCM samples \(unknown format: 7\): .*" + CONVERT),
        (header(1, 64), "samples of 64 bits, and 8, 16, 24 or 32 are read: .*" + CONVERT),
        (b"", r"PCM samples \(it ends too early\): .*" + CONVERT),
        (header(1, 16)[:30], r"PCM samples \(.*\): .*" + CONVERT),
        (header(1, 16)[:-5], "is cut short, 5 of 8 samples are there: copy it anew"),
        (header(1, 16)[:-16], "is cut short, 0 of 8 samples are there"),
        (b"OggS" + bytes(60), r"PCM samples \(file does not start with RIFF id\): .*" + CONVERT),
    ],
    ids=["float", "mu-law", "64 bits", "empty", "half a header", "truncated", "no data", "ogg"],
)
def test_what_is_no_pcm_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UserError, match=re.escape(str(path)) + ".*" + said) as caught:
        read_wav(path)
    assert "\n" not in str(caught.value)
    assert "-ar" not in str(caught.value)


def test_a_file_without_samples_or_none_at_all_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(header(1, 16)[:-20] + bytes(4))
    with pytest.raises(UserError, match=r"a\.wav holds no samples"):
        read_wav(path)
    with pytest.raises(UserError, match=r"cannot read .*b\.wav: No such file"):
        read_wav(tmp_path / "b.wav")


@settings(max_examples=100)
@given(data=st.data())
def test_damage_gives_samples_or_one_line(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = write(tmp_path_factory.mktemp("a") / "a.wav", [[100, -7]] * 5)
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        samples, _ = read_wav(path)
    except UserError as error:
        assert str(path) in str(error)  # noqa: PT017 (damage may also leave a sound file)
    else:
        assert samples.ndim == 1
        assert (np.abs(samples) <= 1).all()
